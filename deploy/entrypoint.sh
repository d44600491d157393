#!/bin/sh
# The container's commands: serve (without one), init-storage, or any of manage.py's: docker run IMAGE migrate
set -eu
cd "$(dirname "$0")/.."

# Load balancers check a container's health by its address.
serve_own_addresses() {
    for address in $(hostname -I); do
        case $address in
            *:*) ;;
            *) ALLOWED_HOSTS="${ALLOWED_HOSTS:+$ALLOWED_HOSTS,}$address" ;;
        esac
    done
    export ALLOWED_HOSTS="${ALLOWED_HOSTS:-}"
}

# Static files are served from DATA_DIR, and a volume that is mounted there hides what an image has in
# the same place, or keeps what an older one had. So the image has them elsewhere.
lay_static_files() {
    mkdir -p "$DATA_DIR/static"
    cp -R static/. "$DATA_DIR/static/"
}

case "${1:-serve}" in
    serve)
        serve_own_addresses
        lay_static_files
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
