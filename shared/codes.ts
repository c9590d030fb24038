/**
 * Every code that a producer, a script or a log can meet: errors, which end a run or refuse a request, and
 * warnings, which say what was done about a file and left the run to go on. docs/codes.md is made from this
 * list.
 */

export interface Explained {
  readonly meaning: string
  /** What the producer can do about it. */
  readonly remedy: string
}

/** Why a run or a request failed. */
export const errorCodes = {
  // the recording
  not_audio: {
    meaning: 'The file is not audio in a format Spool reads.',
    remedy: 'Export the recording as WAV, FLAC, M4A or MP3 and upload that.',
  },
  too_complex: {
    meaning: 'Finding the sound in the file takes more reading or time than is allowed.',
    remedy: 'Export the sound alone, as WAV, FLAC, M4A or MP3.',
  },
  no_audio_stream: {
    meaning: 'The file is a media file without sound.',
    remedy: 'Upload the file that has the sound.',
  },
  empty_file: { meaning: 'The file has no bytes, or no sound at all.', remedy: 'Record or export it again.' },
  truncated_file: {
    meaning: 'The file ends too early to be read.',
    remedy: 'Upload it again; if it ends as early, export it again.',
  },
  refers_elsewhere: {
    meaning:
      'The file is a playlist or refers to other files or hosts; Spool reads only the bytes it was given.',
    remedy: 'Upload the recording itself.',
  },
  recording_too_long: {
    meaning: 'The recording is longer than the limit.',
    remedy: 'Split it into several episodes.',
  },
  recording_too_large: {
    meaning: 'The recording has more bytes than the limit.',
    remedy: 'Export it in a compressed format such as FLAC.',
  },
  upload_replaced: {
    meaning: 'The uploaded file was replaced or deleted while it was being worked on.',
    remedy: 'Upload it again, and leave it until the episode is done.',
  },
  // what lies beside it
  bad_words_file: {
    meaning: 'The words file cannot be used.',
    remedy: 'Mend the line the message names, or leave the file out.',
  },
  bad_template: { meaning: 'The template cannot be used.', remedy: 'Mend the field the message names.' },
  bad_podcast_file: {
    meaning: 'The podcast file cannot be used.',
    remedy: 'Mend the field the message names.',
  },
  bad_episode_file: {
    meaning: 'The episode file cannot be used.',
    remedy: 'Mend the field the message names.',
  },
  bad_output: {
    meaning: 'The folder for the finished files cannot be written to.',
    remedy: 'Name another folder with --out.',
  },
  bad_cover: {
    meaning: 'The cover is not a picture Spool can use.',
    remedy: 'Give a picture (JPEG, PNG, WebP, GIF, TIFF, AVIF) of at least 1400 × 1400 pixels.',
  },
  bad_chapters: {
    meaning: 'The chapters file cannot be used.',
    remedy: 'Mend the line the message names, or leave the file out.',
  },
  missing_asset: {
    meaning: 'A file named by the template is not there.',
    remedy: "Upload it to the podcast's assets folder, or take it out of the template.",
  },
  no_letters: {
    meaning: 'A template reads out listener mail, and there is none.',
    remedy: 'Read a mailbox first, or take the letters out of the template.',
  },
  missing_variable: {
    meaning: 'A script names a value that the episode does not have.',
    remedy: 'Give the value in episode.json, or take it out of the script.',
  },
  over_length: {
    meaning: 'The episode would be longer than the template allows.',
    remedy: 'Shorten the recording, or raise the limit in the template.',
  },
  under_length: {
    meaning: 'The episode would be shorter than the template allows.',
    remedy: 'Lengthen the recording, or lower the limit in the template.',
  },
  rate_limited: {
    meaning: 'The user has started as many runs as are allowed for the time.',
    remedy:
      'Wait until the time the message names, or have the limit raised that it names (`RUNS_PER_HOUR`).',
  },
  monthly_cap: {
    meaning: 'The user has used up what is allowed for the time.',
    remedy: 'Wait for the next month, or have the limit raised.',
  },
  bad_mail_settings: {
    meaning: 'The settings beside the mailbox cannot be used.',
    remedy: 'Mend the field the message names.',
  },
  bad_mailbox: {
    meaning: 'The mailbox cannot be read.',
    remedy: 'Export the mailbox again as mbox, .eml or a zip of .eml files.',
  },
  too_many_messages: {
    meaning: 'The mailbox has more messages than one run may read.',
    remedy: 'Split the mailbox.',
  },
  // the work
  cut_budget_exceeded: {
    meaning: 'The edits would remove more of the speech than allowed.',
    remedy: 'Look at the proposed cuts on the review page, or raise the budget in the template.',
  },
  nothing_left: {
    meaning: 'The edits would remove the whole recording.',
    remedy: 'Look at the cuts on the review page and undo some.',
  },
  ffmpeg_missing: {
    meaning: 'ffmpeg is not installed where the work runs.',
    remedy: 'Install ffmpeg where the work runs, and retry.',
  },
  ffmpeg_failed: {
    meaning: 'ffmpeg ended with an error.',
    remedy: 'Retry; if it fails again, export the recording in another format.',
  },
  certificate_failed: {
    meaning: 'The finished audio missed the loudness bars.',
    remedy: 'Listen to the episode; make it again with a target that the recording can reach.',
  },
  result_lost: {
    meaning: 'Something that an earlier step had made was no longer in its bucket when it was needed.',
    remedy: 'Nothing: the episode is started again by itself within minutes; or start it again now.',
  },
  disk_full: { meaning: 'There is no room left to write.', remedy: 'Free some space and retry.' },
  // people and their keys
  provider_key_missing: {
    meaning: 'The template names a provider for which no key was given.',
    remedy: "Store the provider's key, or name another provider in the template.",
  },
  model_missing: {
    meaning: 'The words are to be recognised by a model on this machine, and it is not installed.',
    remedy: 'Install one with `./spool ears install`, or name another provider in the template.',
  },
  bad_model: {
    meaning:
      'The archive or the files of a model are damaged, or are no model that speech is recognised with.',
    remedy: 'Do what the message says: mostly, fetch it again.',
  },
  model_unreachable: {
    meaning: 'The archive of a model could not be fetched.',
    remedy: 'Fetch it with a browser or on another machine, and give it with --from.',
  },
  recogniser_missing: {
    meaning: 'The program that runs models, sherpa-onnx, is not installed; there is none for some machines.',
    remedy:
      'Run `npm install` in the folder of Spool where the network can be reached, or name another provider.',
  },
  recogniser_failed: {
    meaning: 'The process that recognises speech ended while it was at work.',
    remedy:
      'Mostly memory was short: close something, or install a smaller model; `./spool doctor` says what each takes.',
  },
  no_sealing_key: {
    meaning: 'This deployment has no key to seal secrets with; set SEALING_KEY.',
    remedy: 'Set SEALING_KEY for the deployment.',
  },
  bad_seal: {
    meaning: 'A sealed secret could not be opened: it was changed, or sealed by another key. Give it again.',
    remedy: 'Give the secret again.',
  },
  bad_decisions: { meaning: 'The decisions cannot be used.', remedy: 'Mend the decision the message names.' },
  not_reviewable: {
    meaning: 'There is nothing to decide: the episode has no finished or waiting run.',
    remedy: 'Make the episode first.',
  },
  too_many_shares: {
    meaning: 'There are as many links to the review as an episode may have.',
    remedy: 'Withdraw one that is not needed any more.',
  },
  too_many_comments: {
    meaning: 'There are as many comments as one link to a review takes.',
    remedy: 'Ask the producer for a new link.',
  },
  // providers
  provider_key_refused: {
    meaning: 'The provider refused the key it was given.',
    remedy: 'Store a valid key.',
  },
  provider_unpaid: {
    meaning: 'The provider wants to be paid first: credit, quota or plan do not cover the request.',
    remedy: 'Pay the provider, then retry.',
  },
  provider_rejected: {
    meaning: 'The provider refused the request, or answered with something that cannot be used.',
    remedy: "Read the provider's words in the message; change what it asks for.",
  },
  provider_unavailable: { meaning: 'The provider is down, busy or out of reach.', remedy: 'Retry later.' },
  provider_timeout: {
    meaning: 'The provider did not finish within the time allowed.',
    remedy: 'Retry later.',
  },
  provider_unclear: {
    meaning: 'Nobody knows whether the provider accepted the paid request; it was not repeated again.',
    remedy: "Look at the provider's own list of requests, then retry.",
  },
  unknown_voice: {
    meaning: 'The voice is not known to the speech provider.',
    remedy: 'Name one of the voices that the message lists.',
  },
  bad_callback: {
    meaning: 'A call that says it comes from a provider does not.',
    remedy: 'Nothing is to be done; the call was refused.',
  },
  // the machinery
  bad_context: {
    meaning: 'A task carried something other than the scalars its step needs.',
    remedy: 'This is a fault of Spool; report it with the log.',
  },
  attempts_exhausted: {
    meaning: 'A step was tried as often as allowed and never completed.',
    remedy: 'Read why the last attempt failed, then retry the run.',
  },
  user_cancelled: {
    meaning: 'It was stopped by whoever asked for it.',
    remedy: 'Start it again if that was not meant: what was made is taken over.',
  },
  superseded: {
    meaning: 'The run waited for its producer, who uploaded a newer recording instead.',
    remedy: 'Look at the run of the newer recording.',
  },
  already_running: {
    meaning: 'The episode already has a live run.',
    remedy:
      'Wait for the live run, or cancel it in the console; decide on what it waits for, if it does: `./spool review EPISODE`.',
  },
  bad_feed: {
    meaning: 'What was to be checked is no RSS feed that can be read.',
    remedy: 'Mend what the message names, or check another address.',
  },
  not_publishable: {
    meaning: 'The episode has never been finished, or is in the feed already.',
    remedy: 'Wait for its run, or begin it again; take it out of the feed to give it another time.',
  },
  gate_refused: {
    meaning: 'Listeners could not get the files of the episode as they were made.',
    remedy: 'Mend what the message lists, most often where PUBLIC_BASE_URL leads, and publish it again.',
  },
  already_there: {
    meaning: 'There is one of that name already.',
    remedy:
      'Take another name, or change the one that is there; an episode in the feed is made anew of another recording under the number it has, or with `--same-episode`.',
  },
  has_episodes: {
    meaning: 'The podcast has episodes.',
    remedy: 'Delete its episodes first, or ask for them to be deleted with it (episodes=true).',
  },
  asset_in_use: {
    meaning: 'The podcast’s template names the file: the next episode could not be made without it.',
    remedy: 'Take it out of the template first, or upload another one of its name.',
  },
  too_many_webhooks: {
    meaning: 'There are as many webhooks as a user may have.',
    remedy: 'Remove one that is not needed any more.',
  },
  changed_meanwhile: {
    meaning: 'Somebody else changed it since it was read.',
    remedy: 'Read it again, and make the change to what is there now.',
  },
  address_refused: {
    meaning: 'An address is none that Spool asks: no http, in a private network, or redirecting without end.',
    remedy: 'Name an address on the internet.',
  },
  address_unreachable: {
    meaning: 'An address does not answer, or not in time.',
    remedy: 'Check that it opens in a browser, and try again.',
  },
  answer_too_large: {
    meaning: 'What an address gives has more bytes than is taken from it.',
    remedy: 'Name the address of something smaller.',
  },
  being_deleted: {
    meaning: 'Everything of the user is being deleted, as they asked.',
    remedy: 'Wait until it is done, which takes a minute or two; after that the name can be used anew.',
  },
  not_found: { meaning: 'There is nothing of that name.', remedy: 'Check the name or the identifier.' },
  forbidden: { meaning: 'The key may not do this.', remedy: 'Use a key that may do this.' },
  bad_request: {
    meaning: 'The request is not as the API asks for it.',
    remedy: 'Mend the field the message names.',
  },
  method_not_allowed: {
    meaning: 'The address takes other methods than this.',
    remedy: "Use one of the methods in the answer's Allow header.",
  },
  bad_upload: {
    meaning: 'Nothing would be done with a file of that name in that place.',
    remedy: 'Give it the name of what it is: the message lists them.',
  },
  file_too_large: { meaning: 'The file is larger than the limit.', remedy: 'Upload a smaller one.' },
  request_too_large: {
    meaning: 'The request has more bytes than the API takes.',
    remedy: 'Send less in one request.',
  },
  unsupported_encoding: {
    meaning: 'The API takes no compressed requests.',
    remedy: 'Send the body as it is, without Content-Encoding.',
  },
  too_many_requests: {
    meaning: 'The key has made as many requests as are allowed a minute.',
    remedy: 'Wait as long as the Retry-After header says.',
  },
  idempotency_mismatch: {
    meaning: 'The idempotency key was used for another request.',
    remedy: 'Use a new idempotency key for a new request.',
  },
  in_progress: {
    meaning: 'The first request with this idempotency key is still under way.',
    remedy: 'Wait and send the request again.',
  },
  not_cancellable: {
    meaning: 'The run has ended, or its publication has begun.',
    remedy: 'Let the run end.',
  },
  unauthenticated: { meaning: 'The caller did not prove who it is.', remedy: 'Give a valid key.' },
  internal: {
    meaning: 'Something unexpected went wrong; it is in the log.',
    remedy: 'Retry; if it fails again, report it with the log.',
  },
} as const satisfies Readonly<Record<string, Explained>>

export type ErrorCode = keyof typeof errorCodes

/** What was found or done about what was brought; the episode is made all the same. */
export const warningCodes = {
  // the recording and the assets
  impossible_samples: {
    meaning:
      'Samples that no sound can have (not a number, infinite, far over full scale) were replaced by silence.',
    remedy: 'If a gap is heard, export the recording again as 24-bit PCM.',
  },
  clipped: {
    meaning: 'The recording stands at full scale in many places.',
    remedy: 'Distortion cannot be undone; lower the level at the next recording.',
  },
  very_quiet: {
    meaning: 'The recording is very quiet; its noise is raised with it.',
    remedy: 'Raise the level at the next recording.',
  },
  silent_recording: {
    meaning: 'Nothing is heard in the file.',
    remedy: 'Check that the right file or track was exported.',
  },
  too_short_to_measure: {
    meaning: 'The file is too short to have a loudness; it is used as it is.',
    remedy: 'Nothing, if it sounds right.',
  },
  channels_mixed: {
    meaning: 'A file of more than two channels was mixed to two or one.',
    remedy: 'If the balance is wrong, export the microphones as single files and upload them as tracks.',
  },
  tracks_mixed: {
    meaning: 'The file has several sound tracks; the message says which were taken.',
    remedy: 'If a wrong one was taken, export that track alone.',
  },
  tracks_unequal: {
    meaning: 'Tracks of one conversation end at very different times; the message says when.',
    remedy: 'If one was broken off, bring it whole; if that is how it was, nothing.',
  },
  one_sided: {
    meaning: 'A recording of two channels is heard on one side alone.',
    remedy: 'Let the template make mono ("output": {"channels": "mono"}), or bring that side alone.',
  },
  sides_opposed: {
    meaning:
      'The two channels of a recording are each other turned round: mixed to one they cancel each other out.',
    remedy: 'Turn one of them round where it was recorded, or bring one alone.',
  },
  clock_drift_mended: {
    meaning: "The clocks of the recorders of tracks differed: they were brought to the first one's.",
    remedy:
      'Listen to the end, where they were furthest apart; "gate": "off" in the template\'s "restore" leaves them.',
  },
  crosstalk_reduced: {
    meaning: 'What tracks of one conversation heard of the others was turned down before they were mixed.',
    remedy: 'Set "gate": "off" in the template\'s "restore", if a track lacks something.',
  },
  length_misstated: {
    meaning: 'The file says another length of itself than the sound it holds.',
    remedy: 'Check that the end is there; if it is not, upload the recording again.',
  },
  gaps_filled: {
    meaning: 'The clock of the file runs on where it holds no sound; silence stands there.',
    remedy: 'Nothing, if the recording paused; else look for a better copy.',
  },
  damaged_sound: {
    meaning: 'Parts of the file could not be decoded; the message says how much is missing.',
    remedy: 'Listen there; upload the file again if the upload damaged it.',
  },
  // words, chapters and pictures
  no_words: {
    meaning:
      'There is no transcript of the recording, so fillers stay, and the feed has none: what is spoken in segments alone would pass for all that is said.',
    remedy: 'Give a words file, or name a recogniser in the template.',
  },
  given_before: {
    meaning:
      'The episode had words, a cover, chapters or more recordings before, and this time they did not come. Where the version before waited for a decision, or is in the feed, this one is held.',
    remedy:
      'Give them again, or upload them beside the recording, if they belong to it; or publish it as it is.',
  },
  letters_left_out: {
    meaning:
      'A segment that reads out listener mail, or a letter, was left out: no letter is left to be read, the voice cannot say it, or more are named than are read.',
    remedy:
      'Read a mailbox first (`"whenEmpty": "fail"` in the template makes it an error); choose another voice, or name fewer letters.',
  },
  captions_only: {
    meaning: "The words' times are good enough to read along, not to cut single words.",
    remedy: 'Give words with a time each, or name a recogniser, if fillers are to go.',
  },
  cue_unmatched: {
    meaning:
      'Captions do not say what is heard at their times; they stay captions, and nothing is cut by them.',
    remedy: 'Mend their text or their times, or leave them as they are.',
  },
  sentences_missing: {
    meaning: 'Something is said that the text lacks, for longer than a word.',
    remedy: 'Add it to the text, if listeners should read it.',
  },
  words_unlike_sound: {
    meaning:
      'The words that came with the recording do not sound like it. Nothing is cut by them, and the episode is not published by itself.',
    remedy:
      "Look whether they are another recording's; make the episode again with the right ones, or without. If they are right, publish it.",
  },
  words_repaired: {
    meaning: 'Single words or cues had times that cannot be; the message says what was done.',
    remedy: 'Check the transcript there.',
  },
  text_encoding: {
    meaning: 'The file is not UTF-8 and was read as another encoding.',
    remedy: 'Check accents and quotation marks; save the file as UTF-8.',
  },
  words_over_silence: {
    meaning: 'Words stood where nothing is heard and were dropped.',
    remedy: 'Check the transcript if words are missing.',
  },
  voices_alike: {
    meaning: 'Two speakers were to be told apart by their voices, and could not be.',
    remedy: 'Give words that name their speakers, or take `transcription.voices` out of the template.',
  },
  words_shifted: { meaning: "All words' times were early or late and were moved.", remedy: 'Nothing.' },
  chapters_repaired: {
    meaning: 'Chapter marks were mended or left out; the message says which.',
    remedy: 'Check the chapters.',
  },
  chapters_left_out: {
    meaning: 'Chapters could not all be kept.',
    remedy: 'Give fewer, or give them in a chapters file.',
  },
  cover_fitted: {
    meaning: 'The cover was changed to what players show.',
    remedy: 'Give a square JPEG of 1400 to 3000 pixels and at most 500 kB, if another cut is wanted.',
  },
  // the episode
  shorter_than_wanted: {
    meaning: 'The episode is shorter than the template wants.',
    remedy: 'Nothing, if that is meant.',
  },
  longer_than_wanted: {
    meaning: 'The episode is longer than the template wants, though pauses were tightened.',
    remedy: 'Shorten the recording, or raise the length in the template.',
  },
  pauses_tightened: {
    meaning: 'Pauses were shortened to bring the episode to the wanted length.',
    remedy: 'Nothing, if that is meant.',
  },
  silent_programme: {
    meaning: 'The whole programme is silent; there is nothing to bring to loudness.',
    remedy: 'Check the recording.',
  },
  certificate_failed: {
    meaning: 'The finished audio misses a loudness bar; the message says which.',
    remedy: 'Listen to it; ask for a target that the recording can reach.',
  },
  decisions_lost: {
    meaning: 'Decisions belonged to edits that no longer exist.',
    remedy: 'Look at the review page.',
  },
  mostly_cut: {
    meaning:
      'More of the speech is cut by hand than the template lets go unseen. It is not published by itself.',
    remedy:
      'Listen to it, and publish it if that is meant; else take cuts back. `cleaning.maxRemovedShare` is the limit.',
  },
  left_undecided: {
    meaning: 'Edits were proposed and nobody has decided on them, so they were not made.',
    remedy: 'Decide in the console or with ./spool review; the episode is made again in seconds.',
  },
  possible_double_charge: {
    meaning:
      'A paid request was sent twice: nobody knows whether the first was accepted, or what it brought was lost since.',
    remedy: "Compare with the provider's bill.",
  },
  content_added: {
    meaning: 'The template names no segment for the recording: it stands before the outro, or at the end.',
    remedy: 'Put { "type": "content" } into its segments, where the recording is to stand.',
  },
  // the feed and letters
  half_numbered: {
    meaning:
      'Some episodes of the show have a number and some have none, so applications order them differently.',
    remedy: 'Give every episode its number in episode.json, or none.',
  },
  number_taken: {
    meaning: 'Two episodes of the show have the same number (in the same season).',
    remedy: 'Give one of them another number in episode.json, or with `--number`, and make it again.',
  },
  held_at_the_gate: {
    meaning: 'The episode is not published: listeners could not get its files as they were made.',
    remedy: 'Mend what the message lists, and publish it.',
  },
  soundbites_left_out: {
    meaning: 'Soundbites that do not lie within the finished episode are not in the feed.',
    remedy: 'Give their times in the finished episode, as its player shows them.',
  },
  show_cover_left_out: {
    meaning:
      "The show's cover among the podcast's assets cannot be used, and the feed names another picture; or it was replaced while an episode was made or waited, whose MP3 has none.",
    remedy:
      'Save it as a JPEG or PNG of at least 1400 × 1400 pixels and at most 10 MiB, and upload it again; an episode gets a new one with `./spool rebuild`.',
  },
  notes_cleaned: {
    meaning: 'Show notes held HTML that no application shows; it was taken out.',
    remedy: 'Nothing, if the notes read well; else use paragraphs, lists, links and emphasis only.',
  },
  notes_failed: {
    meaning:
      'The language model that a template names for notes wrote none; the episode is made without them.',
    remedy:
      'See what the provider says: give it a key with `./spool key`, choose another model, or make the episode again later. Its other steps are not made again.',
  },
  notes_filtered: {
    meaning:
      'A language model wrote notes that hold addresses nobody says, places that are not there, or more than is wanted; these were left out.',
    remedy: 'Read what is left before you take it: somebody may have told the model what to write.',
  },
  notes_shortened: {
    meaning: 'Notes are made of a part of the talk, or hold a part of themselves, since a limit is reached.',
    remedy: 'Raise notes.mostCharacters in the template if the model reads more, or take fewer notes.',
  },
  // a feed from elsewhere
  import_not_kept: {
    meaning: 'Something that the feed says has no place in a show here, or is not as its tag must be.',
    remedy: 'Give it in podcast.json or episode.json where there is a field for it.',
  },
  import_left_out: {
    meaning: 'An item of the feed is no episode that can be kept.',
    remedy: 'Mend the feed where it was made and import it again: only what is new is added.',
  },
  import_incomplete: {
    meaning:
      'The feed does not say how long an episode is, or how many bytes it has; nor does the feed here.',
    remedy: 'Import it with --fetch, which counts the bytes, or make the episode anew.',
  },
  import_not_fetched: {
    meaning: 'The audio of an imported episode stays where it is; the message says why.',
    remedy: 'Import the feed with --fetch again, or upload the recording as this episode.',
  },
  feed_locked: {
    meaning: 'The feed asks other hosts not to import it.',
    remedy: 'Go on only if the show is yours; unlock it with its present host.',
  },
  category_corrected: { meaning: "A category was written as Apple's list has it.", remedy: 'Nothing.' },
} as const satisfies Readonly<Record<string, Explained>>

export type WarningCode = keyof typeof warningCodes

/** What a run warned of, in words for the producer. */
export interface Warning {
  readonly code: WarningCode
  readonly message: string
}
