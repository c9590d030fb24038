#!/usr/bin/env bash
# function.sh NAME private|public FLAGS…: deploys one function under the tag of this build. Nobody is sent to it yet;
# it sends its own tasks to functions with the same tag, so that a run stays with the version that began it.
#
# `gcloud run deploy --function`, not `gcloud functions deploy`: only the former takes a base image by its full name
# (https://cloud.google.com/run/docs/configuring/services/runtime-base-images; the plain image has no ffmpeg) and a
# revision without traffic (https://cloud.google.com/sdk/gcloud/reference/run/deploy).
# shellcheck source=deploy/lib.sh
. "$(dirname -- "$0")/../lib.sh"

name=$1 access=$2
shift 2
service=spool-$name
tag=v${BUILD_ID%%-*}

settings=(
  "PROJECT_ID=$PROJECT_ID"
  "LOCATION=$REGION"
  "VERSION=$tag"
  "FUNCTIONS_URL=$(address 'spool-{name}' "$tag")"
  "API_URL=$(address spool-api)"
  "CONSOLE_URL=$(address spool-console)"
  "CALLBACKS_URL=$(address spool-on-callback)"
  "CALLER_AUDIENCE=$AUDIENCE"
  "CALLER_EMAIL=$(account "$CALLER")"
  "UPLOADS_BUCKET=$PROJECT_ID-spool-uploads"
  "WORK_BUCKET=$PROJECT_ID-spool-work"
  "EPISODES_BUCKET=$PROJECT_ID-spool-episodes"
  "PUBLIC_BUCKET=$PROJECT_ID-spool-public"
  "PUBLIC_BASE_URL=${PUBLIC_BASE_URL:-https://storage.googleapis.com/$PROJECT_ID-spool-public}"
  NODE_ENV=production
  # as local workers have them, and for the same reasons: local/host/workers.ts
  MALLOC_MMAP_THRESHOLD_=131072
  'NODE_OPTIONS=--max-semi-space-size=2 --disable-warning=MaxListenersExceededWarning'
)
if [ "$access" = private ]; then
  settings+=(CALLER_IS_CHECKED=true)
  open=(--invoker-iam-check --no-allow-unauthenticated)
else
  open=(--no-invoker-iam-check)
fi

[ -z "${EARS_MODEL:-}" ] || settings+=("EARS_MODEL=$EARS_MODEL")
if [ -n "${CONSOLE_ISSUER:-}" ]; then
  settings+=("CONSOLE_ISSUER=$CONSOLE_ISSUER" "CONSOLE_CLIENT_ID=$CONSOLE_CLIENT_ID")
fi

# a service's first revision must take its traffic; nobody calls it yet
quiet=(--no-traffic)
exists gcloud run services describe "$service" --project="$PROJECT_ID" --region="$REGION" || quiet=()

# a list of settings with a delimiter that none of them has: gcloud topic escaping
all=$(IFS=';'; printf '%s' "${settings[*]}")
# shellcheck disable=SC2086 # several flags in one setting
run gcloud run deploy "$service" \
  --project="$PROJECT_ID" \
  --region="$REGION" \
  --source="dist/$name" \
  --function="$name" \
  --base-image=google-24-full/nodejs24 \
  --build-service-account="projects/$PROJECT_ID/serviceAccounts/$(account "$BUILDER")" \
  --tag="$tag" \
  ${quiet[@]+"${quiet[@]}"} \
  "${open[@]}" \
  --set-custom-audiences="$AUDIENCE" \
  --set-env-vars="^;^$all" \
  --labels=app=spool \
  --cpu-boost \
  --quiet \
  $DATABASE_FLAGS \
  "$@"

if [ "$access" = private ]; then
  run gcloud run services add-iam-policy-binding "$service" --project="$PROJECT_ID" --region="$REGION" \
    --member="$(member "$CALLER")" --role=roles/run.invoker --quiet
fi
