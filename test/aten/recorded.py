"""Which operators PyTorch's dispatcher sees."""

from torch.utils._python_dispatch import TorchDispatchMode


class Recorded(TorchDispatchMode):
    """names: of the operators that are called in its scope, in order."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        self.names.append(str(function))
        return function(*arguments, **(keywords or {}))
