import { useEffect, useRef, useSyncExternalStore } from 'react'

export interface Key {
  /** As KeyboardEvent.key has it: "/", "?", "j", "Escape". */
  key: string
  /** What it does, for the list of keys. */
  does: string
  run: (event: KeyboardEvent) => void
}

interface Group {
  title: string
  keys: Key[]
}

/** Newest last: a key of a page wins over the same one of the shell. */
let groups: Group[] = []
const listeners = new Set<() => void>()

function change(next: Group[]) {
  groups = next
  for (const listener of listeners) listener()
}

/** isTyping says that keys belong to the element that has the focus. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.closest('[role=dialog], [role=menu], [role=listbox]')) return true
  if (target instanceof HTMLInputElement) return !['button', 'checkbox', 'radio', 'reset', 'submit'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

/** pick finds what a key press does. */
export function pick(from: Group[], key: string): Key | undefined {
  for (const group of from.toReversed()) {
    const found = group.keys.find((k) => k.key === key)
    if (found) return found
  }
  return undefined
}

/** merge joins groups of the same title, for the list of keys; empty ones are left out. */
export function merge(from: Group[]): Group[] {
  const titles = [...new Set(from.filter((g) => g.keys.length > 0).map((g) => g.title))]
  return titles.map((title) => ({ title, keys: from.filter((g) => g.title === title).flatMap((g) => g.keys) }))
}

function pressed(event: KeyboardEvent) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
  const key = pick(groups, event.key)
  if (!key) return
  event.preventDefault()
  key.run(event)
}

/**
 * useKeys makes keys work while the component is shown, and lists them in the dialog of keys. They rest while the reader
 * types in a field, or uses a menu or a dialog.
 */
export function useKeys(title: string, keys: Key[]) {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  const names = keys.map((k) => `${k.key}\t${k.does}`).join('\n')
  useEffect(() => {
    const group: Group = {
      title,
      keys: names === '' ? [] : names.split('\n').map((line, i) => {
        const [key = '', does = ''] = line.split('\t')
        return { key, does, run: (event) => latest.current[i]?.run(event) }
      }),
    }
    if (groups.length === 0) document.addEventListener('keydown', pressed)
    change([...groups, group])
    return () => {
      change(groups.filter((g) => g !== group))
      if (groups.length === 0) document.removeEventListener('keydown', pressed)
    }
  }, [title, names])
}

/** useKeyGroups lists the keys that work now. */
export function useKeyGroups(): Group[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => groups,
  )
}
