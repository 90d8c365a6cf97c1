import type { InfiniteData } from '@tanstack/react-query'
import type { Run, RunPage } from '../api/schema'

export type Runs = InfiniteData<RunPage, string | undefined>

/** News is a run that is new or no longer matches; changes of runs that are shown are no news, they apply in place. */
export type News = { run: Run } | { gone: string }

/** older compares build ids: decimal numbers that are too large for a number. */
export function older(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length
}

/** change replaces a run where it stands; it answers the same pages when the run is not there. */
export function change(runs: Runs, run: Run): Runs {
  if (!runs.pages.some((page) => page.runs.some((r) => r.name === run.name))) return runs
  return eachPage(runs, (list) => list.map((r) => (r.name === run.name ? run : r)))
}

/** has says whether a run is shown. */
export function has(runs: Runs, name: string): boolean {
  return runs.pages.some((page) => page.runs.some((r) => r.name === name))
}

/** withNews puts new runs where their build id belongs and takes away those that are gone. */
export function withNews(runs: Runs, news: News[]): Runs {
  return news.reduce<Runs>((now, one) => {
    if ('gone' in one) return has(now, one.gone) ? eachPage(now, (list) => list.filter((r) => r.name !== one.gone)) : now
    return has(now, one.run.name) ? change(now, one.run) : insert(now, one.run)
  }, runs)
}

/** A run that is older than all that is loaded comes with its page. */
function insert(runs: Runs, run: Run): Runs {
  const pageAt = runs.pages.findIndex((page) => page.runs.some((r) => older(r.buildID, run.buildID)))
  const last = runs.pages.at(-1)
  if (pageAt < 0 && last?.next) return runs
  const target = pageAt < 0 ? runs.pages.length - 1 : pageAt
  return {
    ...runs,
    pages: runs.pages.map((page, i) => {
      if (i !== target) return page
      const at = page.runs.findIndex((r) => older(r.buildID, run.buildID))
      return { ...page, runs: page.runs.toSpliced(at < 0 ? page.runs.length : at, 0, run) }
    }),
  }
}

function eachPage(runs: Runs, map: (list: Run[]) => Run[]): Runs {
  return { ...runs, pages: runs.pages.map((page) => ({ ...page, runs: map(page.runs) })) }
}
