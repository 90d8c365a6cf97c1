import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core'
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'

interface Notice {
  id: number
  variant: 'success' | 'danger' | 'info'
  title: string
  body?: ReactNode
}

type Notify = (notice: Omit<Notice, 'id'>) => void

const Notices = createContext<Notify>(() => {})

/** useNotify returns a function that shows a notice over the page, and says it aloud. Failures stay until closed. */
export function useNotify() {
  return useContext(Notices)
}

let last = 0

export function NoticesProvider({ children }: { children: ReactNode }) {
  const [notices, setNotices] = useState<Notice[]>([])
  const notify = useCallback<Notify>((notice) => setNotices((all) => [...all, { ...notice, id: ++last }]), [])
  const close = (id: number) => setNotices((all) => all.filter((n) => n.id !== id))
  return (
    <Notices value={notify}>
      {children}
      <AlertGroup isToast isLiveRegion aria-label="Notices">
        {notices.map((n) => (
          <Alert
            key={n.id}
            variant={n.variant}
            title={n.title}
            timeout={n.variant !== 'danger'}
            onTimeout={() => close(n.id)}
            actionClose={<AlertActionCloseButton onClose={() => close(n.id)} />}
          >
            {n.body}
          </Alert>
        ))}
      </AlertGroup>
    </Notices>
  )
}
