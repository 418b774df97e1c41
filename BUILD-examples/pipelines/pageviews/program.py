"""The program of the pipeline: `run STEP`, and `write pipelines/pageviews/pageviews.yaml`."""

import sys

from lib import deepwater
from pipelines.pageviews.steps import PIPELINE


def main():
    sys.exit(deepwater.main(PIPELINE))


if __name__ == "__main__":
    main()
