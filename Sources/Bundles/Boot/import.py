"""`import __pex__` of a Python that has the bundle on its `sys.path`: adds what the bundle holds to that."""
import os
import sys

bundle = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def attach():
    import types
    if os.path.isfile(bundle + "/.bootstrap"):
        import zipimport
        text = zipimport.zipimporter(bundle + "/.bootstrap").get_data("kilt.py")
    else:
        text = __loader__.get_data(bundle + "/.bootstrap/kilt.py")
    parts = text.decode().split("\n#@ ")
    boot = types.ModuleType("kilt_boot")
    exec(compile(parts[0], bundle + "/.bootstrap/kilt_boot.py", "exec"), boot.__dict__)
    boot.attach(boot, bundle, __loader__.get_data(bundle + "/PEX-INFO"), parts)


attach()


class Within(object):
    # `__pex__.NAME` is NAME.
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith("__pex__."):
            import importlib.util
            return importlib.util.spec_from_loader(name, Within)

    @staticmethod
    def create_module(spec):
        import importlib
        return importlib.import_module(spec.name[8:])

    @staticmethod
    def exec_module(module):
        pass


sys.meta_path.insert(0, Within)
