/** What a show is called among others. */
export interface NamedShow {
  readonly slug: string
  readonly settings: { readonly title: string }
}

/** Its title; with its name where another has the same title, as trials have. */
export const showLabel = ({ slug, settings: { title } }: NamedShow, all: readonly NamedShow[]): string =>
  all.some((other) => other.slug !== slug && other.settings.title === title) ? `${title} (${slug})` : title
