"use strict";
// AWS SDK for JavaScript v2. Its errors have one class and are told apart by
// code, which it fills from the answer's type.

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const AWS = require("aws-sdk");
const { dates } = require("../dates.js");
const { config, report } = require("../node_client.js");

const method = (call) => call[0].toLowerCase() + call.slice(1);

report(
  {
    async call({ call, credentials, attempts, input }, { endpoint, region }) {
      const client = new AWS.MarketplaceMetering({ endpoint, region, credentials });
      if (attempts) client.config.maxRetries = attempts - 1;
      const { $response, ...output } = await client[method(call)](dates(input)).promise();
      return { output, requestId: $response.requestId, attempts: $response.retryCount + 1 };
    },

    failure(err) {
      const typed = err.code !== undefined && err.code === err.name;
      return { error: { type: err.code, typed, status: err.statusCode, message: err.message }, requestId: err.requestId };
    },
  },
  config(),
);
