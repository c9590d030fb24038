/** What a show is called among others. */
export interface NamedShow {
  readonly slug: string
  readonly settings: { readonly title: string }
}

/** Whether it was made by `spool assemble` for one recording that came without a show (`trials` in shared/objects.ts). */
export const isTrial = (slug: string): boolean => slug.startsWith('trial.')

/** Its title; with its name where another has the same title, as trials have. */
export const showLabel = ({ slug, settings: { title } }: NamedShow, all: readonly NamedShow[]): string =>
  all.some((other) => other.slug !== slug && other.settings.title === title) ? `${title} (${slug})` : title
