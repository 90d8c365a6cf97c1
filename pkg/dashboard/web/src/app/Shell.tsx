import { lazy, Suspense, useState } from 'react'
import { Outlet, ScrollRestoration, useNavigation } from 'react-router'
import { AnnouncerProvider } from '../ui/announce'
import { useKeys } from '../ui/keys'
import { NoticesProvider } from '../ui/notices'
import { Footer } from './Footer'
import { Header } from './Header'
import { Rebuilding } from './Rebuilding'
import { RouteFocus } from './RouteFocus'

const KeysDialog = lazy(async () => ({ default: (await import('../ui/KeysDialog')).KeysDialog }))

/** Shell is what stays on the page while the pages change. */
export function Shell() {
  const [keys, setKeys] = useState(false)
  useKeys('Everywhere', [{ key: '?', does: 'show these keys', run: () => setKeys(true) }])
  const busy = useNavigation().state !== 'idle'
  return (
    <AnnouncerProvider>
      <NoticesProvider>
        <a className="skip" href="#main" onClick={focusMain}>
          Skip to the content
        </a>
        <Header onKeys={() => setKeys(true)} />
        <div className="loading-bar" data-busy={busy || undefined} aria-hidden="true" />
        <Rebuilding />
        <main id="main" tabIndex={-1}>
          <Suspense>
            <Outlet />
          </Suspense>
        </main>
        <Footer />
        <Suspense>{keys && <KeysDialog onClose={() => setKeys(false)} />}</Suspense>
        <RouteFocus />
        <ScrollRestoration />
      </NoticesProvider>
    </AnnouncerProvider>
  )
}

/** The fragment of an address may name a line of a log, so the link leaves it alone. */
function focusMain(e: React.MouseEvent) {
  e.preventDefault()
  document.getElementById('main')?.focus()
}
