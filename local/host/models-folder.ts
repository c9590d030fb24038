/**
 * Where models are installed: in the user's data folder and not in Spool's state, since they are nothing of an episode,
 * cost an hour of download, and serve every copy of Spool. Source: XDG Base Directory Specification 0.8.
 */
import { homedir } from 'node:os'
import path from 'node:path'

/** `SPOOL_MODELS` names another folder. */
export const modelsFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  path.resolve(
    env['SPOOL_MODELS'] ??
      path.join(env['XDG_DATA_HOME'] ?? path.join(homedir(), '.local', 'share'), 'spool', 'models'),
  )
