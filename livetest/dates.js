"use strict";

// dates returns input with its Timestamps as Date objects, which the SDKs want.
exports.dates = function dates(input) {
  if (Array.isArray(input)) return input.map(dates);
  if (typeof input !== "object") return input;
  const convert = ([key, value]) => [key, key === "Timestamp" ? new Date(value) : dates(value)];
  return Object.fromEntries(Object.entries(input).map(convert));
};
