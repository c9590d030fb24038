# shellcheck shell=bash disable=SC1112 # a title may have an apostrophe as it is printed
# Made from functions/index.ts and deploy/access.ts by `node deploy/make.ts`; change it there.

# SERVICE and whether it is private or public
each_function() {
  "$@" spool-on-upload private
  "$@" spool-prepare private
  "$@" spool-join private
  "$@" spool-examine private
  "$@" spool-prescribe private
  "$@" spool-restore private
  "$@" spool-combine private
  "$@" spool-recognise private
  "$@" spool-hear private
  "$@" spool-transcribe private
  "$@" spool-align private
  "$@" spool-clean private
  "$@" spool-answer private
  "$@" spool-decide private
  "$@" spool-voice private
  "$@" spool-arrange private
  "$@" spool-preview private
  "$@" spool-measure private
  "$@" spool-level private
  "$@" spool-render private
  "$@" spool-finish private
  "$@" spool-notes private
  "$@" spool-page private
  "$@" spool-publish private
  "$@" spool-read-mail private
  "$@" spool-api public
  "$@" spool-console public
  "$@" spool-on-callback public
  "$@" spool-notify private
  "$@" spool-sweep private
}

# QUEUE, tasks at once, tasks a second, attempts, seconds of the least and the longest pause, doublings
each_queue() {
  "$@" audio 10 500 800 2 5 2
  "$@" light 4 500 800 2 5 2
  "$@" vendors 4 500 800 2 5 2
  "$@" mail 2 500 800 2 5 2
}

# ACCOUNT and what it does
each_account() {
  "$@" spool-upload 'sees uploads, starts runs'
  "$@" spool-audio 'reads recordings, makes work'
  "$@" spool-light 'plans episodes and finishes them'
  "$@" spool-vendors 'asks providers'
  "$@" spool-publish 'changes what the public sees'
  "$@" spool-mail 'reads mailboxes'
  "$@" spool-api 'answers producers, begins uploads'
  "$@" spool-notify 'tells webhooks'
  "$@" spool-callback 'takes what providers call back with'
  "$@" spool-sweep 'revives overdue steps, clears away what nobody needs and what users have deleted'
}

# ROLE and the one permission that it is
each_permission() {
  "$@" spoolTasksCreate cloudtasks.tasks.create
  "$@" spoolTasksGet cloudtasks.tasks.get
  "$@" spoolServiceAccountsSignBlob iam.serviceAccounts.signBlob
  "$@" spoolObjectsCreate storage.objects.create
  "$@" spoolObjectsDelete storage.objects.delete
  "$@" spoolObjectsGet storage.objects.get
  "$@" spoolObjectsList storage.objects.list
}

# ACCOUNT, bucket, ROLE
each_bucket_grant() {
  "$@" spool-upload uploads spoolObjectsGet
  "$@" spool-upload uploads spoolObjectsList
  "$@" spool-audio uploads spoolObjectsGet
  "$@" spool-audio work spoolObjectsGet
  "$@" spool-audio work spoolObjectsCreate
  "$@" spool-light uploads spoolObjectsGet
  "$@" spool-light work spoolObjectsGet
  "$@" spool-light work spoolObjectsCreate
  "$@" spool-light episodes spoolObjectsGet
  "$@" spool-light episodes spoolObjectsCreate
  "$@" spool-vendors work spoolObjectsGet
  "$@" spool-vendors work spoolObjectsCreate
  "$@" spool-publish uploads spoolObjectsGet
  "$@" spool-publish uploads spoolObjectsList
  "$@" spool-publish work spoolObjectsGet
  "$@" spool-publish episodes spoolObjectsGet
  "$@" spool-publish public spoolObjectsGet
  "$@" spool-publish public spoolObjectsCreate
  "$@" spool-publish public spoolObjectsDelete
  "$@" spool-publish public spoolObjectsList
  "$@" spool-mail uploads spoolObjectsGet
  "$@" spool-mail work spoolObjectsGet
  "$@" spool-mail work spoolObjectsCreate
  "$@" spool-api uploads spoolObjectsGet
  "$@" spool-api uploads spoolObjectsList
  "$@" spool-api uploads spoolObjectsGet
  "$@" spool-api uploads spoolObjectsCreate
  "$@" spool-api uploads spoolObjectsDelete
  "$@" spool-api work spoolObjectsGet
  "$@" spool-api episodes spoolObjectsGet
  "$@" spool-api episodes spoolObjectsList
  "$@" spool-api public spoolObjectsGet
  "$@" spool-callback work spoolObjectsGet
  "$@" spool-callback work spoolObjectsCreate
  "$@" spool-sweep uploads spoolObjectsList
  "$@" spool-sweep uploads spoolObjectsDelete
  "$@" spool-sweep uploads spoolObjectsGet
  "$@" spool-sweep work spoolObjectsList
  "$@" spool-sweep work spoolObjectsDelete
  "$@" spool-sweep episodes spoolObjectsList
  "$@" spool-sweep episodes spoolObjectsDelete
  "$@" spool-sweep public spoolObjectsGet
  "$@" spool-sweep public spoolObjectsCreate
  "$@" spool-sweep public spoolObjectsDelete
  "$@" spool-sweep public spoolObjectsList
}

# ACCOUNT, queue, ROLE
each_queue_grant() {
  "$@" spool-upload audio spoolTasksCreate
  "$@" spool-upload light spoolTasksCreate
  "$@" spool-upload vendors spoolTasksCreate
  "$@" spool-upload mail spoolTasksCreate
  "$@" spool-audio audio spoolTasksCreate
  "$@" spool-audio light spoolTasksCreate
  "$@" spool-audio vendors spoolTasksCreate
  "$@" spool-audio mail spoolTasksCreate
  "$@" spool-light audio spoolTasksCreate
  "$@" spool-light light spoolTasksCreate
  "$@" spool-light vendors spoolTasksCreate
  "$@" spool-light mail spoolTasksCreate
  "$@" spool-vendors audio spoolTasksCreate
  "$@" spool-vendors light spoolTasksCreate
  "$@" spool-vendors vendors spoolTasksCreate
  "$@" spool-vendors mail spoolTasksCreate
  "$@" spool-publish audio spoolTasksCreate
  "$@" spool-publish light spoolTasksCreate
  "$@" spool-publish vendors spoolTasksCreate
  "$@" spool-publish mail spoolTasksCreate
  "$@" spool-mail audio spoolTasksCreate
  "$@" spool-mail light spoolTasksCreate
  "$@" spool-mail vendors spoolTasksCreate
  "$@" spool-mail mail spoolTasksCreate
  "$@" spool-api audio spoolTasksCreate
  "$@" spool-api light spoolTasksCreate
  "$@" spool-api vendors spoolTasksCreate
  "$@" spool-api mail spoolTasksCreate
  "$@" spool-notify audio spoolTasksCreate
  "$@" spool-notify light spoolTasksCreate
  "$@" spool-notify vendors spoolTasksCreate
  "$@" spool-notify mail spoolTasksCreate
  "$@" spool-callback audio spoolTasksCreate
  "$@" spool-callback light spoolTasksCreate
  "$@" spool-callback vendors spoolTasksCreate
  "$@" spool-callback mail spoolTasksCreate
  "$@" spool-sweep audio spoolTasksCreate
  "$@" spool-sweep audio spoolTasksGet
  "$@" spool-sweep light spoolTasksCreate
  "$@" spool-sweep light spoolTasksGet
  "$@" spool-sweep vendors spoolTasksCreate
  "$@" spool-sweep vendors spoolTasksGet
  "$@" spool-sweep mail spoolTasksCreate
  "$@" spool-sweep mail spoolTasksGet
}

# ACCOUNT, ROLE it has on itself
each_own_grant() {
  "$@" spool-vendors spoolServiceAccountsSignBlob
  "$@" spool-api spoolServiceAccountsSignBlob
}

# SECRET
each_secret() {
  "$@" spool-console-client-secret
  "$@" spool-database-url
  "$@" spool-elevenlabs-webhook-secret
  "$@" spool-first-api-key
  "$@" spool-sealing-key
}

# ACCOUNT, SECRET it may read
each_secret_grant() {
  "$@" spool-upload spool-database-url
  "$@" spool-audio spool-database-url
  "$@" spool-vendors spool-database-url
  "$@" spool-vendors spool-sealing-key
  "$@" spool-light spool-database-url
  "$@" spool-publish spool-database-url
  "$@" spool-mail spool-database-url
  "$@" spool-api spool-database-url
  "$@" spool-api spool-sealing-key
  "$@" spool-api spool-first-api-key
  "$@" spool-api spool-console-client-secret
  "$@" spool-callback spool-database-url
  "$@" spool-callback spool-sealing-key
  "$@" spool-callback spool-elevenlabs-webhook-secret
  "$@" spool-notify spool-database-url
  "$@" spool-notify spool-sealing-key
  "$@" spool-sweep spool-database-url
}

# METRIC, counted from the log
each_metric() {
  "$@" spool_episodes
  "$@" spool_steps
  "$@" spool_step_milliseconds
  "$@" spool_retries
  "$@" spool_failures
  "$@" spool_revived
  "$@" spool_refused
}

# ALERT and its title
each_alert() {
  "$@" runs-fail 'Spool: runs fail'
  "$@" tasks-come-again 'Spool: tasks come again and again'
  "$@" queue-is-late 'Spool: a queue is late'
  "$@" tasks-get-lost 'Spool: the queue loses tasks'
  "$@" no-sweep 'Spool: the sweep is not called'
  "$@" api-breaks 'Spool: the API breaks'
  "$@" requests-are-refused 'Spool: functions break before they work'
  "$@" connections-run-out 'Spool: the database’s connections run out'
  "$@" database-disk-fills 'Spool: the database’s disk fills'
  "$@" memory-runs-out 'Spool: a function’s memory runs out'
}

export CONNECTIONS=50

export UPLOAD_SERVICE=spool-on-upload

export SWEEP_SERVICE=spool-sweep

export SWEEP_DEADLINE=150s
