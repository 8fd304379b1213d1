# lit finds gems-opt in --param=tools and FileCheck in --param=llvm; it writes nothing outside --param=output.
import os

import lit.formats

config.name = "gems compiler"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = lit_config.params["output"]
folders = [lit_config.params["tools"], lit_config.params["llvm"], os.environ["PATH"]]
config.environment["PATH"] = os.pathsep.join(folders)
