#!/usr/bin/env bash
# What starts things by itself: an upload's event, and the sweep's schedule.
# shellcheck source=deploy/lib.sh
. "$(dirname -- "$0")/../lib.sh"

# https://cloud.google.com/eventarc/standard/docs/run/route-trigger-cloud-storage
ensure gcloud eventarc triggers describe spool-uploads --project="$PROJECT_ID" --location="$REGION" -- \
  gcloud eventarc triggers create spool-uploads \
  --project="$PROJECT_ID" \
  --location="$REGION" \
  --destination-run-service="$UPLOAD_SERVICE" \
  --destination-run-region="$REGION" \
  --event-filters=type=google.cloud.storage.object.v1.finalized \
  --event-filters="bucket=$PROJECT_ID-spool-uploads" \
  --service-account="$(account "$CALLER")" \
  --quiet

how=create
if exists gcloud scheduler jobs describe spool-sweep --project="$PROJECT_ID" --location="$REGION"; then how=update; fi
run gcloud scheduler jobs "$how" http spool-sweep \
  --project="$PROJECT_ID" \
  --location="$REGION" \
  --schedule="$SWEEP_SCHEDULE" \
  --time-zone=Etc/UTC \
  --uri="$(address "$SWEEP_SERVICE")" \
  --http-method=POST \
  --attempt-deadline="$SWEEP_DEADLINE" \
  --oidc-service-account-email="$(account "$CALLER")" \
  --oidc-token-audience="$AUDIENCE" \
  --quiet
