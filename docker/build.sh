#!/usr/bin/env bash
# Builds the image where there is no Docker daemon and no registry, with Debian's buildah and debootstrap (as root), and
# tries it: a release check, some ten minutes. From a clean clone of this checkout's HEAD.
#
#   docker/build.sh                            image first-token; further options go to buildah bud
#   docker/build.sh -v /etc/pip.conf:/etc/pip.conf:ro --env GOPROXY=…     what the way to the packages needs
#
# TAG (first-token) is the image's name, MIRROR Debian's mirror, STORE the folder that the image stays in (default: none, it goes).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
tag=${TAG:-first-token}
mirror=${MIRROR:-http://deb.debian.org/debian}
for program in buildah debootstrap git go; do
	command -v "$program" >/dev/null || { echo "build: $program is missing: apt-get install buildah debootstrap" >&2; exit 2; }
done
work=$(mktemp -d)
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
store=(--root "${STORE:-$work/store}" --runroot "$work/run")
trap 'rm -rf "$work"' EXIT

# base NAME ROOTFS: an image of a folder.
base() {
	local container
	container=$(buildah "${store[@]}" from scratch)
	buildah "${store[@]}" copy -q "$container" "$2" / >/dev/null
	buildah "${store[@]}" config --env PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
	buildah "${store[@]}" commit -q --rm "$container" "$1" >/dev/null
}

echo "build: the images that the Dockerfile begins with"
debootstrap --variant=minbase --include=ca-certificates bookworm "$work/debian" "$mirror" >"$work/debootstrap.log" 2>&1 ||
	{ tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
rm -rf "$work/debian"/var/cache/apt/archives/*.deb "$work/debian"/dev/*
for file in /etc/apt/sources.list /etc/apt/apt.conf.d/*proxy*; do
	if [ -e "$file" ]; then cp "$file" "$work/debian$file"; fi
done
base docker.io/library/debian:bookworm-slim "$work/debian"
mkdir -p "$work/debian/usr/local"
cp -a "$(go env GOROOT)" "$work/debian/usr/local/go"
base docker.io/library/golang:1.26-bookworm "$work/debian"
rm -rf "$work/debian"

echo "build: the image"
git clone -q "$root" "$work/context"
started=$SECONDS
buildah "${store[@]}" bud --pull=never --layers=false "$@" -f "$work/context/docker/Dockerfile" -t "$tag" "$work/context"
echo "build: $((SECONDS - started)) s, $(buildah "${store[@]}" images --format '{{.Size}}' "localhost/$tag")"

echo "build: trying it"
container=$(buildah "${store[@]}" from --pull=never "localhost/$tag")
buildah "${store[@]}" run "$container" -- sh -c 'id -u; train -preset smoke -progress none && sweep -preset smoke -axis "seed=1" -status &&
	.venv/bin/jupyter lab --version && cp scripts/first-cell.ipynb /tmp/ && .venv/bin/python scripts/run_notebooks.py /tmp/first-cell.ipynb'
