#!/usr/bin/env bash
# migrate.sh IMAGE: brings the database to the newest schema, in a job that reaches it just as the functions do.
# shellcheck source=deploy/lib.sh
. "$(dirname -- "$0")/../lib.sh"

image=$1
# a job that waits for another's migration may take long; tried again it would begin anew
# shellcheck disable=SC2086 # several flags in one setting
run gcloud run jobs deploy spool-migrate \
  --project="$PROJECT_ID" \
  --region="$REGION" \
  --image="$image" \
  --service-account="$(account spool-migrate)" \
  --set-secrets=DATABASE_URL=spool-migration-database-url:latest,FUNCTIONS_DATABASE_URL=spool-database-url:latest \
  --max-retries=0 \
  --task-timeout=30m \
  --labels=app=spool \
  --quiet \
  $DATABASE_FLAGS
run gcloud run jobs execute spool-migrate --project="$PROJECT_ID" --region="$REGION" --wait --quiet
