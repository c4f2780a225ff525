"use strict";
// AWS SDK for JavaScript v3, in Node and, bundled, in the browser.

const sdk = require("@aws-sdk/client-marketplace-metering");
const { dates } = require("../dates.js");

exports.client = {
  async call({ call, credentials, attempts, input }, { endpoint, region }) {
    const client = new sdk.MarketplaceMeteringClient({ endpoint, region, credentials, maxAttempts: attempts });
    const command = new sdk[call + "Command"](dates(input));
    const { $metadata, ...output } = await client.send(command);
    return { output, requestId: $metadata.requestId, attempts: $metadata.attempts };
  },

  failure(err) {
    const { requestId, attempts, httpStatusCode } = err.$metadata ?? {};
    const typed = err instanceof (sdk[err.name] ?? class {});
    return { error: { type: err.name, typed, status: httpStatusCode, message: err.message }, requestId, attempts };
  },
};
