from .b import c

import yaml  # pants: no-infer-dep
