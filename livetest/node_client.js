"use strict";
// What the clients in Node share. A client is a pair of functions: call(scenario,
// config) does one scenario and returns what the client made of the answer, and
// failure(err) tells how the client shows an error. The config and its
// scenarios are a JSON file named on the command line; the report is one line
// of JSON for each scenario.

const fs = require("node:fs");

exports.config = () => JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

exports.report = async function report(client, config) {
  for (const scenario of config.scenarios) {
    const result = await client.call(scenario, config).catch(client.failure);
    console.log(JSON.stringify({ scenario: scenario.name, ...result }));
  }
};
