"use strict";
// A client that OpenAPI Generator writes from api/openapi.yaml, as any front
// end would have it: ES6 modules, bundled.

const { execFileSync } = require("node:child_process");
const path = require("node:path");
const esbuild = require("esbuild");
const { dates } = require("../dates.js");
const { config, report } = require("../node_client.js");

function build({ openapi, work }) {
  const jar = require.resolve("@openapitools/openapi-generator-cli/bin/openapi-generator.jar");
  const options = ["-g", "javascript", "-i", openapi, "-o", work, "--additional-properties", "usePromises=true"];
  execFileSync("java", ["-jar", jar, "generate", ...options], { stdio: "ignore" });
  const outfile = path.join(work, "metering.js");
  esbuild.buildSync({ entryPoints: [path.join(work, "src", "index.js")], outfile, bundle: true, platform: "node", packages: "external" });
  return require(outfile);
}

const settings = config();
const metering = build(settings);

report(
  {
    async call({ call, credentials, input }, { endpoint }) {
      const connection = new metering.ApiClient();
      connection.basePath = endpoint;
      connection.authentications.hmac.apiKey = credentials.apiKey;
      const method = call[0].toLowerCase() + call.slice(1) + "WithHttpInfo";
      const request = metering[call + "Request"].constructFromObject(dates(input));
      const { data, response } = await new metering.MeteringApi(connection)[method]("AWSMPMeteringService." + call, request);
      return { output: data, requestId: response.headers["x-amzn-requestid"] };
    },

    failure(err) {
      const { __type, message } = err.body ?? err.response?.body ?? {};
      const requestId = err.response?.headers["x-amzn-requestid"];
      return { error: { type: __type, status: err.status, message: message ?? String(err) }, requestId };
    },
  },
  settings,
);
