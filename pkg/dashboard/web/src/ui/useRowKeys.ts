import { type RefObject } from 'react'
import { useKeys } from './keys'

/** nextIndex is where j and k go from the row that has the focus; -1 is none. It stays within the rows. */
export function nextIndex(now: number, step: 1 | -1, count: number): number {
  if (now < 0) return step > 0 ? 0 : count - 1
  return Math.min(Math.max(now + step, 0), count - 1)
}

/** useRowKeys moves the focus between the elements marked data-row within an element, by j and k. */
export function useRowKeys(within: RefObject<HTMLElement | null>, what: string) {
  const move = (step: 1 | -1) => {
    const rows = [...(within.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])]
    const now = rows.findIndex((row) => row === document.activeElement)
    const next = rows[nextIndex(now, step, rows.length)]
    next?.focus()
    next?.scrollIntoView({ block: 'nearest' })
  }
  useKeys(what, [
    { key: 'j', does: 'next row', run: () => move(1) },
    { key: 'k', does: 'previous row', run: () => move(-1) },
  ])
}
