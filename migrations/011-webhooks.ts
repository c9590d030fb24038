/**
 * Adds where a user's events go, and what has been sent there. That an event is told is a trigger's business: no
 * statement that moves an episode can forget it, and it is there exactly when the move is.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE webhooks (
      id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id    text NOT NULL REFERENCES users ON DELETE CASCADE,
      url        text NOT NULL,
      events     text[] NOT NULL,
      secret     text NOT NULL, -- sealed
      created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX webhooks_of_user ON webhooks (user_id);

    CREATE TABLE webhook_deliveries (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      webhook_id   uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
      user_id      text NOT NULL REFERENCES users ON DELETE CASCADE,
      run_id       uuid REFERENCES runs ON DELETE SET NULL,
      event        text NOT NULL,
      data         jsonb NOT NULL,
      status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
      attempts     integer NOT NULL DEFAULT 0,
      due_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
      answer       integer,
      error        text,
      created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
      delivered_at timestamptz,
      CHECK ((status = 'delivered') = (delivered_at IS NOT NULL))
    );
    CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE status = 'pending';
    CREATE INDEX webhook_deliveries_of_run ON webhook_deliveries (run_id) WHERE status = 'pending';
    CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, created_at DESC, id DESC);

    CREATE FUNCTION tell_webhooks(told_user text, told_run uuid, told_event text, told_data jsonb)
    RETURNS void LANGUAGE sql AS $$
      INSERT INTO webhook_deliveries (webhook_id, user_id, run_id, event, data)
      SELECT id, user_id, told_run, told_event, told_data
      FROM webhooks
      WHERE user_id = told_user
        AND told_event = ANY (events)
    $$;

    CREATE FUNCTION tell_of_episode(told_event text, told_episode uuid, told_run uuid, told_details jsonb)
    RETURNS void LANGUAGE sql AS $$
      SELECT tell_webhooks(e.user_id, told_run, told_event, jsonb_build_object(
        'episodeId', e.id,
        'podcast', p.slug,
        'slug', e.slug,
        'title', e.title,
        'status', e.status,
        'publishedAt', e.published_at,
        'runId', told_run
      ) || told_details)
      FROM episodes e
      JOIN podcasts p ON p.id = e.podcast_id
      WHERE e.id = told_episode
    $$;

    CREATE FUNCTION tell_that_episode_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM tell_of_episode(
        CASE WHEN NEW.hold_reason = 'unpublished' THEN 'episode.unpublished' ELSE 'episode.' || NEW.status END,
        NEW.id,
        (SELECT id FROM runs WHERE episode_id = NEW.id ORDER BY created_at DESC LIMIT 1),
        '{}'
      );
      RETURN NULL;
    END $$;
    CREATE TRIGGER episode_is_told AFTER UPDATE OF status ON episodes
      FOR EACH ROW WHEN (
        NEW.status IS DISTINCT FROM OLD.status
        AND (
          NEW.status IN ('awaiting_review', 'published')
          OR NEW.status = 'processed' AND (OLD.status = 'processing' OR NEW.hold_reason = 'unpublished')
        )
      )
      EXECUTE FUNCTION tell_that_episode_moved();

    CREATE FUNCTION tell_that_run_failed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      why jsonb := jsonb_build_object('reason', NEW.stop_reason, 'message', NEW.error_message);
    BEGIN
      IF NEW.episode_id IS NULL THEN
        PERFORM tell_webhooks(NEW.user_id, NEW.id, 'mailbox.failed',
          jsonb_build_object('mailbox', NEW.mailbox, 'runId', NEW.id) || why);
      ELSE
        PERFORM tell_of_episode('episode.failed', NEW.episode_id, NEW.id, why);
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER failed_run_is_told AFTER UPDATE OF status ON runs
      FOR EACH ROW WHEN (NEW.status = 'failed' AND OLD.status <> 'failed')
      EXECUTE FUNCTION tell_that_run_failed();
  `)
}
