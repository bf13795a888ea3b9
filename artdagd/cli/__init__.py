"""The command lines: ``artdagd`` (serve, worker) and ``artdagctl``."""
