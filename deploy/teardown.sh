#!/usr/bin/env bash
# Takes out of a project what setup.sh and the deploys put there. Recordings, episodes, the database and the keys stay,
# unless --with-data is given.
usage='usage: deploy/teardown.sh --project PROJECT [--region REGION] [--with-data] [--dry-run]'
# shellcheck source=deploy/lib.sh
. "$(dirname -- "$0")/lib.sh"

PROJECT_ID='' REGION=us-central1 with_data=''
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) DRY_RUN=${DRY_RUN:-1} ;;
    --with-data) with_data=1 ;;
    --help) printf '%s\n' "$usage"; exit ;;
    --project) PROJECT_ID=${2:-}; shift ;;
    --region) REGION=${2:-}; shift ;;
    *) stop "there is no $1
$usage" ;;
  esac
  shift
done
[ -n "$PROJECT_ID" ] || stop "--project is missing
$usage"
export PROJECT_ID REGION DRY_RUN=${DRY_RUN:-}
export CLOUDSDK_CORE_PROJECT=$PROJECT_ID

# What is not there is gone already.
gone() { run "$@" --quiet || say "not taken out: $*"; }

delete_service() { gone gcloud run services delete "$1" --region="$REGION"; }
delete_queue() { gone gcloud tasks queues delete "$1" --location="$REGION"; }
delete_account() { gone gcloud iam service-accounts delete "$(account "$1")"; }
delete_role() { gone gcloud iam roles delete "$1" --project="$PROJECT_ID"; }
delete_secret() { gone gcloud secrets delete "$1"; }
delete_metric() { gone gcloud logging metrics delete "$1"; }
delete_bucket() { gone gcloud storage rm --recursive "$(bucket "$1")"; }

say 'What starts things'
gone gcloud scheduler jobs delete spool-sweep --location="$REGION"
gone gcloud eventarc triggers delete spool-uploads --location="$REGION"
gone gcloud builds triggers delete spool --region="$REGION"

say 'Functions, queues and images'
each_function delete_service
gone gcloud run jobs delete spool-migrate --region="$REGION"
each_queue delete_queue
gone gcloud artifacts repositories delete cloud-run-source-deploy --location="$REGION"
each_metric delete_metric

say 'The CDN'
gone gcloud compute forwarding-rules delete spool-public --global
gone gcloud compute target-https-proxies delete spool-public --global
gone gcloud compute ssl-certificates delete spool-public --global
gone gcloud compute url-maps delete spool-public --global
gone gcloud compute backend-buckets delete spool-public
gone gcloud compute addresses delete spool-public --global

if [ -n "$with_data" ]; then
  say 'Data'
  gone gcloud sql instances patch spool --no-deletion-protection
  gone gcloud sql instances delete spool
  for name in uploads work episodes public build; do delete_bucket "$name"; done
  each_secret delete_secret
  delete_secret spool-migration-database-url
  gone gcloud services vpc-peerings delete --network=spool --service=servicenetworking.googleapis.com
  gone gcloud compute addresses delete spool-services --global
  gone gcloud compute networks subnets delete spool --region="$REGION"
  gone gcloud compute networks delete spool
else
  delete_bucket build
fi

say 'Accounts and roles'
each_account delete_account
for name in spool-migrate "$CALLER" "$BUILDER"; do delete_account "$name"; done
each_permission delete_role
# alert policies and the dashboard have names that only the project knows
say 'Alert policies and the dashboard are taken out in the console: Monitoring, "Spool"'
