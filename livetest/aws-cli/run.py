"""The aws command, one process for each call."""

import json
import os
import re
import subprocess
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    for scenario in config["scenarios"]:
        print(json.dumps({"scenario": scenario["name"], **call(scenario, config)}), flush=True)


def call(scenario, config):
    command = re.sub("(?<!^)(?=[A-Z])", "-", scenario["call"]).lower()
    result = subprocess.run(
        [config["aws"], "--endpoint-url", config["endpoint"], "--region", config["region"], "--output", "json",
         "meteringmarketplace", command, "--cli-input-json", json.dumps(scenario["input"])],
        env=environment(scenario), capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return {"output": json.loads(result.stdout or "{}")}
    known = re.search(r"An error occurred \((\w+)\).* operation.*?: (.+)", result.stderr)
    name, message = known.groups() if known else (None, result.stderr)
    return {"error": {"type": name, "message": message}}


def environment(scenario):
    credentials = scenario["credentials"]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        "AWS_ACCESS_KEY_ID": credentials["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["secretAccessKey"],
    }
    if "sessionToken" in credentials:
        env["AWS_SESSION_TOKEN"] = credentials["sessionToken"]
    if "attempts" in scenario:
        env["AWS_MAX_ATTEMPTS"] = str(scenario["attempts"])
    return env


main()
