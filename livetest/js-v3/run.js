"use strict";
const { config, report } = require("../node_client.js");
const { client } = require("./client.js");

report(client, config());
