// The files of a finished episode: which of them listeners get.
import { expect, test } from '@jest/globals'
import { deliverables, isDeliverable } from '../../shared/episode/deliverables.ts'

test('listeners get the audio, transcripts, chapters and cover; the rest is for the producer', () => {
  const listeners = Object.entries(deliverables).flatMap(([file, { isPublic }]) => (isPublic ? [file] : []))
  expect(listeners.sort()).toEqual([
    'chapters.json',
    'cover.jpg',
    'episode.mp3',
    'transcript.json',
    'transcript.srt',
    'transcript.txt',
    'transcript.vtt',
  ])
})

test('a name that is no deliverable is none, whatever objects inherit', () => {
  expect(isDeliverable('episode.mp3')).toBe(true)
  expect(isDeliverable('constructor')).toBe(false)
  expect(isDeliverable('notes.txt')).toBe(false)
})
