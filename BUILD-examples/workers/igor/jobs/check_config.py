"""Checks that a customer's YAML configuration has what we need."""

import yaml

REQUIRED = {"name": str, "domains": list, "plan": str}


class CheckConfig:
    def run(self, body):
        try:
            config = yaml.safe_load(body["yaml"])
        except yaml.YAMLError as error:
            return {"problems": [f"not YAML: {str(error).splitlines()[0]}"]}
        if not isinstance(config, dict):
            return {"problems": ["not a mapping"]}
        problems = []
        for key, kind in sorted(REQUIRED.items()):
            if key not in config:
                problems.append(f"{key} is missing")
            elif not isinstance(config[key], kind):
                problems.append(f"{key} is not a {kind.__name__}")
        return {"problems": problems}
