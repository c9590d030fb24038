/**
 * Apple's podcast categories (podcasters.apple.com, "Apple Podcasts categories"), which every directory
 * takes. Hides the ways in which people write them.
 */
import { nearest } from '../nearest.ts'

/** Each category's subcategories. */
const categories: Readonly<Record<string, readonly string[]>> = {
  Arts: ['Books', 'Design', 'Fashion & Beauty', 'Food', 'Performing Arts', 'Visual Arts'],
  Business: ['Careers', 'Entrepreneurship', 'Investing', 'Management', 'Marketing', 'Non-Profit'],
  Comedy: ['Comedy Interviews', 'Improv', 'Stand-Up'],
  Education: ['Courses', 'How To', 'Language Learning', 'Self-Improvement'],
  Fiction: ['Comedy Fiction', 'Drama', 'Science Fiction'],
  Government: [],
  History: [],
  'Health & Fitness': [
    'Alternative Health',
    'Fitness',
    'Medicine',
    'Mental Health',
    'Nutrition',
    'Sexuality',
  ],
  'Kids & Family': ['Education for Kids', 'Parenting', 'Pets & Animals', 'Stories for Kids'],
  Leisure: [
    'Animation & Manga',
    'Automotive',
    'Aviation',
    'Crafts',
    'Games',
    'Hobbies',
    'Home & Garden',
    'Video Games',
  ],
  Music: ['Music Commentary', 'Music History', 'Music Interviews'],
  News: [
    'Business News',
    'Daily News',
    'Entertainment News',
    'News Commentary',
    'Politics',
    'Sports News',
    'Tech News',
  ],
  'Religion & Spirituality': [
    'Buddhism',
    'Christianity',
    'Hinduism',
    'Islam',
    'Judaism',
    'Religion',
    'Spirituality',
  ],
  Science: [
    'Astronomy',
    'Chemistry',
    'Earth Sciences',
    'Life Sciences',
    'Mathematics',
    'Natural Sciences',
    'Nature',
    'Physics',
    'Social Sciences',
  ],
  'Society & Culture': ['Documentary', 'Personal Journals', 'Philosophy', 'Places & Travel', 'Relationships'],
  Sports: [
    'Baseball',
    'Basketball',
    'Cricket',
    'Fantasy Sports',
    'Football',
    'Golf',
    'Hockey',
    'Rugby',
    'Running',
    'Soccer',
    'Swimming',
    'Tennis',
    'Volleyball',
    'Wilderness',
    'Wrestling',
  ],
  Technology: [],
  'True Crime': [],
  'TV & Film': ['After Shows', 'Film History', 'Film Interviews', 'Film Reviews', 'TV Reviews'],
}

export interface Category {
  readonly name: string
  readonly subcategory?: string
}

const all: readonly Category[] = Object.entries(categories).flatMap(([name, subcategories]) => [
  { name },
  ...subcategories.map((subcategory) => ({ name, subcategory })),
])

/** As settings have it: "Arts", "Arts:Food". */
export const categoryText = ({ name, subcategory }: Category): string =>
  subcategory === undefined ? name : `${name}:${subcategory}`

/** All of them, as settings have them. */
export const categoryTexts: readonly string[] = all.map(categoryText)

/** What makes no difference to a reader. */
const key = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/&amp;|\band\b/g, '&')
    .replaceAll(/\s*[>/:|]+\s*/g, ':')
    .replaceAll(/[\s_-]+/g, '')

/**
 * The category that is meant, by its name, by its subcategory's, or by both; undefined for none of Apple's.
 */
export function findCategory(text: string): Category | undefined {
  const wanted = key(text)
  return (
    all.find((category) => key(categoryText(category)) === wanted) ??
    all.find(({ subcategory }) => subcategory !== undefined && key(subcategory) === wanted)
  )
}

/** Names that Apple gave up in 2019, by their key, and where their shows went. */
const formerNames: Readonly<Record<string, string>> = {
  'games&hobbies': 'Leisure',
  'government&organizations': 'Government',
  health: 'Health & Fitness',
  'science&medicine': 'Science',
  'sports&recreation': 'Sports',
  podcasting: 'Technology',
  gadgets: 'Technology',
  softwarehowto: 'Technology',
  literature: 'Arts:Books',
}

/** The one of Apple's that has a word in common with it, as "Gardening" and "Home & Garden" have; else that is written almost like it. */
export function nearestCategory(text: string): string | undefined {
  const wanted = key(text)
  const [parent = ''] = wanted.split(':')
  const former = formerNames[wanted] ?? formerNames[parent]
  if (former !== undefined) return former
  const kindred = all.find((category) =>
    wordsOf(category.subcategory ?? category.name).some((one) =>
      wordsOf(text.split(/[>:|/]/).at(-1)!).some((other) => one.startsWith(other) || other.startsWith(one)),
    ),
  )
  if (kindred) return categoryText(kindred)
  const names = new Map(
    all.flatMap((category) =>
      [categoryText(category), category.subcategory ?? category.name].map((name) => [key(name), category]),
    ),
  )
  const written = nearest(wanted, [...names.keys()])
  return written === undefined ? undefined : categoryText(names.get(written)!)
}

/** Shorter ones are in many others. */
const fewestLetters = 4
const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length >= fewestLetters)
