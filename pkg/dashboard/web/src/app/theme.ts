import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const key = 'pharos-theme'
const system = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : undefined
const listeners = new Set<() => void>()

/** isDark decides between the reader's choice and the system's. */
export function isDark(theme: Theme, systemDark: boolean): boolean {
  return theme === 'dark' || (theme === 'system' && systemDark)
}

function chosen(): Theme {
  try {
    const stored = localStorage.getItem(key)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system' // storage is forbidden
  }
}

/** setTheme remembers the choice in this browser; it lasts for the page where storage is forbidden. */
export function setTheme(theme: Theme) {
  try {
    if (theme === 'system') localStorage.removeItem(key)
    else localStorage.setItem(key, theme)
  } catch {
    // storage is forbidden
  }
  apply(theme)
  for (const listener of listeners) listener()
}

function apply(theme: Theme) {
  document.documentElement.classList.toggle('pf-v6-theme-dark', isDark(theme, system?.matches ?? false))
}

function subscribe(listener: () => void) {
  const changed = () => {
    apply(chosen())
    listener()
  }
  listeners.add(listener)
  system?.addEventListener('change', changed)
  addEventListener('storage', changed)
  return () => {
    listeners.delete(listener)
    system?.removeEventListener('change', changed)
    removeEventListener('storage', changed)
  }
}

/** useTheme is the reader's choice. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, chosen)
}

/** useDark says whether the page is dark now. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, () => isDark(chosen(), system?.matches ?? false))
}
