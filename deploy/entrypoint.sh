#!/bin/sh
# The container's commands: serve (default), init-storage, or any manage.py command: docker run IMAGE migrate
set -eu
cd "$(dirname "$0")/.."

# Load balancers send health checks to a container's IP address.
allow_own_addresses() {
    for address in $(hostname -I); do
        case $address in
            *:*) ;;
            *) ALLOWED_HOSTS="${ALLOWED_HOSTS:+$ALLOWED_HOSTS,}$address" ;;
        esac
    done
    export ALLOWED_HOSTS="${ALLOWED_HOSTS:-}"
}

# Static files are served from DATA_DIR, and a volume mounted there hides the image's files or keeps those
# of an older image. So the image stores them elsewhere and copies them at start.
copy_static_files() {
    mkdir -p "$DATA_DIR/static"
    cp -R static/. "$DATA_DIR/static/"
}

case "${1:-serve}" in
    serve)
        allow_own_addresses
        copy_static_files
        exec python manage.py serve
        ;;
    init-storage)
        shift
        exec scripts/init-local-storage.sh "$@"
        ;;
    *)
        exec python manage.py "$@"
        ;;
esac
