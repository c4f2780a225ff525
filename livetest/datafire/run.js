"use strict";
// A client that datafire builds from api/openapi.yaml. datafire reads Swagger 2
// only; api-spec-converter is the tool that it names for other formats.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { config, report } = require("../node_client.js");

function build({ openapi, work }) {
  const node = (script, ...args) => execFileSync(process.execPath, [require.resolve(script), ...args], { cwd: work });
  const swagger = node("api-spec-converter/bin/api-spec-converter", "--from", "openapi_3", "--to", "swagger_2", openapi);
  fs.writeFileSync(path.join(work, "metering.json"), swagger);
  node("datafire/bin/datafire", "integrate", "--openapi", "metering.json", "--name", "metering");
  return require(path.join(work, "integrations", "metering"));
}

const settings = config();
const integration = build(settings);

report(
  {
    async call({ call, credentials, input }, { endpoint }) {
      const metering = integration.create({ host: endpoint, hmac: credentials.apiKey });
      const output = await metering[call]({ "X-Amz-Target": "AWSMPMeteringService." + call, body: input });
      return { output };
    },

    failure(err) {
      const { __type, message } = err.body ? JSON.parse(err.body) : {};
      return { error: { type: __type, status: err.statusCode, message: message ?? err.message } };
    },
  },
  settings,
);
