"use strict";
// The page: AWS SDK for JavaScript v3 and plain fetch, away from home.

const { client } = require("../js-v3/client.js");

window.scenario = (scenario, config) => client.call(scenario, config).catch(client.failure);

// bare calls without any SDK, and tells what the page can read of the answer.
window.bare = async ({ credentials, call, input }, { endpoint }) => {
  const headers = {
    Authorization: credentials.apiKey,
    "Content-Type": "application/json",
    "X-Amz-Target": "AWSMPMeteringService." + call,
  };
  const answer = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(input) });
  return { output: await answer.json(), requestId: answer.headers.get("x-amzn-RequestId") };
};
