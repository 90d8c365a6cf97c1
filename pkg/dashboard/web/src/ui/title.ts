import { useEffect } from 'react'
import { kindOf } from './state'

/** useTitle names the page in the browser's tab. With a state, the tab's icon shows it. */
export function useTitle(title: string, state?: string) {
  useEffect(() => {
    document.title = title ? `${title} · Pharos` : 'Pharos'
    const icon = document.getElementById('favicon')
    const href = state ? `/static/icon-${kindOf(state)}.svg` : '/static/icon.svg'
    if (icon && icon.getAttribute('href') !== href) icon.setAttribute('href', href)
  }, [title, state])
}
