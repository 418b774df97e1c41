"""Checks that a customer's YAML configuration has what we need."""

import yaml

REQUIRED = {"name": str, "domains": list, "plan": str}


class CheckConfig(object):
    def run(self, body):
        try:
            config = yaml.safe_load(body["yaml"])
        except yaml.YAMLError as error:
            return {"problems": ["not YAML: %s" % str(error).splitlines()[0]]}
        if not isinstance(config, dict):
            return {"problems": ["not a mapping"]}
        problems = []
        for key, kind in sorted(REQUIRED.items()):
            if key not in config:
                problems.append("%s is missing" % key)
            elif not isinstance(config[key], kind):
                problems.append("%s is not a %s" % (key, kind.__name__))
        return {"problems": problems}
