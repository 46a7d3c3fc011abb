"""A /proc that lists the processes a test wants."""

from pathlib import Path


class Processes:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "self/ns").mkdir(parents=True)
        (folder / "self/ns/net").symlink_to("net:[1]")

    def add(self, *words: str, network: str = "net:[1]", environment: tuple[str, ...] = ()) -> Path:
        process = self.folder / str(100 + len(list(self.folder.iterdir())))
        (process / "ns").mkdir(parents=True)
        (process / "ns/net").symlink_to(network)
        (process / "cmdline").write_bytes("\0".join(words).encode())
        (process / "environ").write_bytes("\0".join(environment).encode())
        return process

    def add_raylet(
        self, temporary: Path, address: str, *, started: bool = True, **how: object
    ) -> None:
        """Of a cluster of `ray start`, or of a program's own session in the same folder."""
        temporary.mkdir(exist_ok=True)
        if started:
            (temporary / "ray_current_cluster").write_text(address)
        flags = (f"--temp_dir={temporary}", f"--gcs-address={address}", "--head", "-x")
        self.add("/opt/ray/raylet/raylet", *flags, **how)  # pyright: ignore[reportArgumentType]
