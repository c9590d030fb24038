#!/usr/bin/env bash
# Makes everything in a Google Cloud project that a deploy needs. Safe to run again: what is there stays, and what
# differs in small things is set right. docs/deploy.md goes through it.
usage='usage: deploy/setup.sh --project PROJECT [options]
  --region REGION         where all of it is (us-central1)
  --database-url URL      a PostgreSQL of your own, at an address that Cloud Run reaches; else a Cloud SQL is made
  --tier TIER             of the Cloud SQL (db-f1-micro)
  --github OWNER/REPO     deploys what is merged there, once the repository is connected to Cloud Build
  --branch BRANCH         which is deployed (main)
  --cdn DOMAIN            puts a CDN before the public bucket (about 18 dollars a month)
  --alerts-to ADDRESS     mails what goes wrong to this address
  --dry-run               prints every command and runs none'
# shellcheck source=deploy/lib.sh
. "$(dirname -- "$0")/lib.sh"

PROJECT_ID='' REGION=us-central1 database_url='' tier=db-f1-micro github='' branch=main cdn='' alerts_to=''
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) DRY_RUN=${DRY_RUN:-1}; shift; continue ;;
    --help) printf '%s\n' "$usage"; exit ;;
  esac
  [ $# -gt 1 ] || stop "$1 needs a value
$usage"
  case $1 in
    --project) PROJECT_ID=$2 ;;
    --region) REGION=$2 ;;
    --database-url) database_url=$2 ;;
    --tier) tier=$2 ;;
    --github) github=$2 ;;
    --branch) branch=$2 ;;
    --cdn) cdn=$2 ;;
    --alerts-to) alerts_to=$2 ;;
    *) stop "there is no $1
$usage" ;;
  esac
  shift 2
done
[ -n "$PROJECT_ID" ] || stop "--project is missing
$usage"
case $database_url in
  '' | *://?*:?*@*) ;;
  *) stop '--database-url needs the user and the password who own the database: postgresql://user:password@host/spool' ;;
esac
export PROJECT_ID REGION DRY_RUN=${DRY_RUN:-}
export CLOUDSDK_CORE_PROJECT=$PROJECT_ID

# What a question to gcloud says; in a dry run, the second word.
ask() {
  local otherwise=$1
  shift
  if [ -n "$DRY_RUN" ]; then
    run "$@" >&2
    printf '%s' "$otherwise"
  else
    "$@"
  fi
}
random() { openssl rand -hex "$1"; }
# Nothing that is kept secret is shown by a dry run.
secret() { if [ -n "$DRY_RUN" ]; then printf SECRET; else printf '%s' "$1"; fi; }

enable_services() {
  say 'Services'
  run gcloud services enable \
    artifactregistry.googleapis.com cloudbuild.googleapis.com cloudresourcemanager.googleapis.com \
    cloudscheduler.googleapis.com cloudtasks.googleapis.com compute.googleapis.com eventarc.googleapis.com \
    iam.googleapis.com iamcredentials.googleapis.com logging.googleapis.com monitoring.googleapis.com \
    pubsub.googleapis.com run.googleapis.com secretmanager.googleapis.com servicenetworking.googleapis.com \
    sqladmin.googleapis.com storage.googleapis.com
}

make_role() {
  if exists gcloud iam roles describe "$1" --project="$PROJECT_ID"; then
    run gcloud iam roles update "$1" --project="$PROJECT_ID" --permissions="$2" --quiet
  else
    run gcloud iam roles create "$1" --project="$PROJECT_ID" --title="Spool: $2" --permissions="$2" --stage=GA
  fi
}

make_account() {
  ensure gcloud iam service-accounts describe "$(account "$1")" -- \
    gcloud iam service-accounts create "$1" --display-name="Spool: $2"
}

make_accounts() {
  say 'Roles of one permission each, and service accounts'
  each_permission make_role
  each_account make_account
  make_account spool-migrate 'migrates the database'
  make_account "$CALLER" 'calls the private functions'
  make_account "$BUILDER" 'builds and deploys'
}

make_bucket() {
  ensure gcloud storage buckets describe "$(bucket "$1")" -- \
    gcloud storage buckets create "$(bucket "$1")" --location="$REGION" --uniform-bucket-level-access "${@:2}"
}

# https://cloud.google.com/storage/docs/lifecycle, https://cloud.google.com/storage/docs/cross-origin
make_buckets() {
  say 'Buckets'
  make_bucket uploads --public-access-prevention
  run gcloud storage buckets update "$(bucket uploads)" \
    --cors-file="$deploy_dir/buckets/cors.json" --lifecycle-file="$deploy_dir/buckets/uploads.json"
  # the sweep alone deletes work: rows say what still needs it, and age says nothing
  make_bucket work --public-access-prevention --soft-delete-duration=0
  run gcloud storage buckets update "$(bucket work)" --lifecycle-file="$deploy_dir/buckets/unfinished.json"
  make_bucket episodes --public-access-prevention
  run gcloud storage buckets update "$(bucket episodes)" \
    --cors-file="$deploy_dir/buckets/cors-public.json" --lifecycle-file="$deploy_dir/buckets/unfinished.json"
  make_bucket public
  run gcloud storage buckets update "$(bucket public)" \
    --cors-file="$deploy_dir/buckets/cors-public.json" --lifecycle-file="$deploy_dir/buckets/unfinished.json"
  # anybody may read what they know the address of; nobody may list
  run gcloud storage buckets add-iam-policy-binding "$(bucket public)" \
    --member=allUsers --role=roles/storage.legacyObjectReader
  make_bucket build --public-access-prevention
  run gcloud storage buckets update "$(bucket build)" --lifecycle-file="$deploy_dir/buckets/build.json"
}

grant_bucket() {
  run gcloud storage buckets add-iam-policy-binding "$(bucket "$2")" --member="$(member "$1")" --role="$(role "$3")"
}
grant_queue() {
  run gcloud tasks queues add-iam-policy-binding "$2" --location="$REGION" --member="$(member "$1")" --role="$(role "$3")"
}
grant_own() {
  run gcloud iam service-accounts add-iam-policy-binding "$(account "$1")" \
    --member="$(member "$1")" --role="$(role "$2")"
}
grant_secret() {
  run gcloud secrets add-iam-policy-binding "$2" \
    --member="$(member "$1")" --role=roles/secretmanager.secretAccessor
}
grant_project() {
  run gcloud projects add-iam-policy-binding "$PROJECT_ID" --member="$1" --role="$2" --condition=None --quiet
}
# Who creates a task with the caller's token must be allowed to act as the caller:
# https://cloud.google.com/tasks/docs/creating-http-target-tasks#sa
let_use_caller() {
  run gcloud iam service-accounts add-iam-policy-binding "$(account "$CALLER")" \
    --member="$(member "$1")" --role=roles/iam.serviceAccountUser
}
let_builder_use() {
  run gcloud iam service-accounts add-iam-policy-binding "$(account "$1")" \
    --member="$(member "$BUILDER")" --role=roles/iam.serviceAccountUser
}

grant_access() {
  say 'What each account may do'
  each_bucket_grant grant_bucket
  each_queue_grant grant_queue
  each_own_grant grant_own
  each_account let_use_caller
  # https://cloud.google.com/eventarc/standard/docs/run/route-trigger-cloud-storage
  grant_project "$(member "$CALLER")" roles/eventarc.eventReceiver
  grant_project "serviceAccount:$(ask STORAGE_AGENT gcloud storage service-agent)" roles/pubsub.publisher
}

# https://cloud.google.com/run/docs/configuring/services/build-service-account names run.sourceDeveloper,
# serviceUsageConsumer and run.builder; run.admin lets it say who may call a service.
grant_builder() {
  say 'What the builder may do'
  local role
  for role in run.admin run.sourceDeveloper run.builder serviceusage.serviceUsageConsumer cloudbuild.builds.editor \
    cloudtasks.queueAdmin cloudscheduler.admin eventarc.admin logging.logWriter; do
    grant_project "$(member "$BUILDER")" "roles/$role"
  done
  each_account let_builder_use
  for role in spool-migrate "$CALLER" "$BUILDER"; do let_builder_use "$role"; done
  # the smoke test calls private functions in the caller's name, and drops a recording
  run gcloud iam service-accounts add-iam-policy-binding "$(account "$CALLER")" \
    --member="$(member "$BUILDER")" --role=roles/iam.serviceAccountOpenIdTokenCreator
  run gcloud storage buckets add-iam-policy-binding "$(bucket uploads)" \
    --member="$(member "$BUILDER")" --role=roles/storage.objectCreator
  run gcloud storage buckets add-iam-policy-binding "$(bucket build)" \
    --member="$(member "$BUILDER")" --role=roles/storage.objectUser
  ensure gcloud artifacts repositories describe cloud-run-source-deploy --location="$REGION" -- \
    gcloud artifacts repositories create cloud-run-source-deploy --location="$REGION" --repository-format=docker
  run gcloud artifacts repositories set-cleanup-policies cloud-run-source-deploy --location="$REGION" \
    --policy="$deploy_dir/buckets/images.json" --quiet
  run gcloud artifacts repositories add-iam-policy-binding cloud-run-source-deploy --location="$REGION" \
    --member="$(member "$BUILDER")" --role=roles/artifactregistry.writer
}

make_secret() {
  ensure gcloud secrets describe "$1" -- gcloud secrets create "$1" --replication-policy=automatic --labels=app=spool
}
# Its first value; one that is there stays. Values are never printed.
first_value() {
  exists gcloud secrets versions describe latest --secret="$1" ||
    run gcloud secrets versions add "$1" --data-file=- < <(printf '%s' "$2")
}

make_secrets() {
  say 'Secrets'
  each_secret make_secret
  each_secret_grant grant_secret
  make_secret spool-migration-database-url
  grant_secret spool-migrate spool-migration-database-url
  grant_secret spool-migrate spool-database-url # it makes the functions' role
  grant_secret "$BUILDER" spool-first-api-key
  first_value spool-sealing-key "$(openssl rand -base64 32)"
  first_value spool-first-api-key "spool_$(random 32)"
  # a stand-in, which no callback fits, until ElevenLabs' own is put there
  first_value spool-elevenlabs-webhook-secret "$(random 32)"
  # the same, until the console's own at your issuer is put there
  first_value spool-console-client-secret "$(random 32)"
}

# Who migrates owns the tables; the functions have a role of their own, which migrating makes.
keep_addresses() {
  first_value spool-migration-database-url "$1"
  first_value spool-database-url "${1%%://*}://spool_functions:$(random 24)@${1#*@}"
}

has_peering() {
  [ -n "$(ask '' gcloud services vpc-peerings list --network=spool \
    --service=servicenetworking.googleapis.com --format='value(reservedPeeringRanges)')" ]
}

# A private address for the database, and Direct VPC egress to it:
# https://cloud.google.com/sql/docs/postgres/configure-private-services-access,
# https://cloud.google.com/run/docs/configuring/vpc-direct-vpc (a /26 at least; an instance takes up to two addresses)
make_network() {
  say 'A network with the database in it'
  ensure gcloud compute networks describe spool -- gcloud compute networks create spool --subnet-mode=custom
  ensure gcloud compute networks subnets describe spool --region="$REGION" -- \
    gcloud compute networks subnets create spool --network=spool --region="$REGION" --range=10.8.0.0/22 \
    --enable-private-ip-google-access
  ensure gcloud compute addresses describe spool-services --global -- \
    gcloud compute addresses create spool-services --global --purpose=VPC_PEERING --prefix-length=20 --network=spool
  has_peering || run gcloud services vpc-peerings connect \
    --service=servicenetworking.googleapis.com --ranges=spool-services --network=spool
}

# https://cloud.google.com/sdk/gcloud/reference/sql/instances/create; shared cores exist in the Enterprise edition only
make_cloud_sql() {
  make_network
  say 'The database (about ten minutes)'
  ensure gcloud sql instances describe spool -- \
    gcloud sql instances create spool --database-version=POSTGRES_17 --edition=enterprise --tier="$tier" \
    --region="$REGION" --availability-type=zonal --network="projects/$PROJECT_ID/global/networks/spool" --no-assign-ip \
    --storage-type=SSD --storage-size=10 --storage-auto-increase \
    --backup --backup-start-time=03:00 --retained-backups-count=7 \
    --database-flags=max_connections="$CONNECTIONS" --deletion-protection
  ensure gcloud sql databases describe spool --instance=spool -- gcloud sql databases create spool --instance=spool
  if ! exists gcloud secrets versions describe latest --secret=spool-database-url; then
    local password address
    password=$(random 24)
    run gcloud sql users create spool --instance=spool --password="$(secret "$password")"
    address=$(ask ADDRESS gcloud sql instances describe spool --format='value(ipAddresses[0].ipAddress)')
    keep_addresses "postgresql://spool:$password@$address/spool"
  fi
}

make_database() {
  if [ -n "$database_url" ]; then
    say 'A database of your own'
    keep_addresses "$database_url"
  else
    make_cloud_sql
  fi
}

# https://cloud.google.com/cdn/docs/setting-up-cdn-with-bucket
make_cdn() {
  say 'A CDN before the public bucket'
  ensure gcloud compute backend-buckets describe spool-public -- \
    gcloud compute backend-buckets create spool-public --gcs-bucket-name="$PROJECT_ID-spool-public" \
    --enable-cdn --cache-mode=USE_ORIGIN_HEADERS
  ensure gcloud compute url-maps describe spool-public --global -- \
    gcloud compute url-maps create spool-public --default-backend-bucket=spool-public --global
  ensure gcloud compute ssl-certificates describe spool-public --global -- \
    gcloud compute ssl-certificates create spool-public --domains="$cdn" --global
  ensure gcloud compute target-https-proxies describe spool-public --global -- \
    gcloud compute target-https-proxies create spool-public --url-map=spool-public \
    --ssl-certificates=spool-public --global
  ensure gcloud compute addresses describe spool-public --global -- gcloud compute addresses create spool-public --global
  ensure gcloud compute forwarding-rules describe spool-public --global -- \
    gcloud compute forwarding-rules create spool-public --global --load-balancing-scheme=EXTERNAL_MANAGED \
    --address=spool-public --target-https-proxy=spool-public --ports=443
}

settings() {
  printf '_REGION=%s' "$REGION"
  if [ -n "$database_url" ]; then printf ',_DATABASE_FLAGS=--clear-network'; fi
  if [ -n "$cdn" ]; then printf ',_PUBLIC_BASE_URL=https://%s' "$cdn"; fi
}

# https://cloud.google.com/build/docs/automating-builds/github/connect-repo-github
make_trigger() {
  say 'What is merged is deployed'
  ensure gcloud builds triggers describe spool --region="$REGION" -- \
    gcloud builds triggers create github --name=spool --region="$REGION" \
    --repo-owner="${github%%/*}" --repo-name="${github#*/}" --branch-pattern="^$branch\$" \
    --build-config=cloudbuild.yaml --substitutions="$(settings)" \
    --service-account="projects/$PROJECT_ID/serviceAccounts/$(account "$BUILDER")"
}

make_metric() {
  local how=create
  if exists gcloud logging metrics describe "$1"; then how=update; fi
  run gcloud logging metrics "$how" "$1" --config-from-file="$deploy_dir/operations/metrics/$1.json" --quiet
}
# Whether a list has anything in it; in a dry run it has not.
has() { [ -n "$(ask '' "$@" --format='value(name)')" ]; }

make_alert() {
  has gcloud alpha monitoring policies list --filter="displayName='$2'" ||
    run gcloud alpha monitoring policies create --policy-from-file="$deploy_dir/operations/alerts/$1.json" \
      ${channel[@]+"${channel[@]}"}
}

# https://cloud.google.com/logging/docs/logs-based-metrics, https://cloud.google.com/monitoring/alerts/using-alerting-api
make_operations() {
  say 'Metrics, alerts and the dashboard'
  each_metric make_metric
  channel=()
  if [ -n "$alerts_to" ]; then
    has gcloud beta monitoring channels list --filter='displayName=Spool' ||
      run gcloud beta monitoring channels create --display-name=Spool --type=email \
        --channel-labels="email_address=$alerts_to"
    channel=("--notification-channels=$(ask CHANNEL gcloud beta monitoring channels list \
      --filter='displayName=Spool' --format='value(name)' --limit=1)")
  fi
  each_alert make_alert
  has gcloud monitoring dashboards list --filter='displayName=Spool' ||
    run gcloud monitoring dashboards create --config-from-file="$deploy_dir/operations/dashboard.json"
}

[ -z "$DRY_RUN" ] || printf 'export CLOUDSDK_CORE_PROJECT=%q\n' "$PROJECT_ID"
enable_services
make_accounts
make_buckets
say 'Queues'
bash "$deploy_dir/steps/queues.sh"
grant_access
make_secrets
make_database
grant_builder
[ -z "$cdn" ] || make_cdn
[ -z "$github" ] || make_trigger
make_operations

say 'Done. Deploy with:'
cat >&2 <<END
gcloud builds submit --project=$PROJECT_ID --region=$REGION --config=cloudbuild.yaml \\
  --service-account=projects/$PROJECT_ID/serviceAccounts/$(account "$BUILDER") \\
  --gcs-source-staging-dir=$(bucket build)/source --substitutions='$(settings)'
END
