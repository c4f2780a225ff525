"""boto3, which recognises an error by a class that it makes from the model."""

import json
import re
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    for scenario in config["scenarios"]:
        print(json.dumps({"scenario": scenario["name"], **call(scenario, config)}, default=lambda time: time.isoformat()))


def call(scenario, config):
    client = connect(scenario, config)
    method = re.sub("(?<!^)(?=[A-Z])", "_", scenario["call"]).lower()
    try:
        output = getattr(client, method)(**scenario["input"])
    except ClientError as error:
        return failure(client, error)
    return {"output": output, **told(output)}


def connect(scenario, config):
    credentials = scenario["credentials"]
    retries = {"total_max_attempts": scenario["attempts"]} if "attempts" in scenario else None
    return boto3.client(
        "meteringmarketplace",
        endpoint_url=config["endpoint"],
        region_name=config["region"],
        aws_access_key_id=credentials["accessKeyId"],
        aws_secret_access_key=credentials["secretAccessKey"],
        aws_session_token=credentials.get("sessionToken"),
        config=Config(retries=retries),
    )


def failure(client, error):
    code = error.response["Error"]["Code"]
    typed = type(error) is not ClientError and isinstance(error, client.exceptions.from_code(code))
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    message = error.response["Error"]["Message"]
    return {"error": {"type": code, "typed": typed, "status": status, "message": message}, **told(error.response)}


def told(response):
    metadata = response.pop("ResponseMetadata")
    return {"requestId": metadata.get("RequestId"), "attempts": metadata["RetryAttempts"] + 1}


main()
