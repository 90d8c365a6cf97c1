import { Button, Tooltip } from '@patternfly/react-core'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { useLocation } from 'react-router'
import { loginHref, useSession } from '../api/session'
import type { Permission } from '../api/schema'

const Confirm = lazy(async () => ({ default: (await import('./Confirm')).Confirm }))

interface ActionButtonProps {
  /** What the button says: "Rerun". */
  name: string
  icon?: ReactNode
  permission: Permission | undefined
  /** What the dialog asks before it happens, and what stands below. */
  question: string
  children?: ReactNode
  danger?: boolean
  /** Rejects with the reason when it did not work; the dialog shows it. */
  run: () => Promise<void>
}

/**
 * ActionButton does something after a confirmation. When it is not permitted it can be focused but not used, and its tooltip
 * says why; where a login would help it leads there.
 */
export function ActionButton({ name, icon, permission, question, children, danger, run }: ActionButtonProps) {
  const [asking, setAsking] = useState(false)
  const login = useLoginHref()
  if (!permission) return null
  const variant = danger ? 'danger' : 'secondary'
  if (permission.allowed) {
    return (
      <>
        <Button variant={variant} size="sm" icon={icon} onClick={() => setAsking(true)}>
          {name}
        </Button>
        <Suspense>
          {asking && (
            <Confirm verb={name} question={question} danger={danger} run={run} onClose={() => setAsking(false)}>
              {children}
            </Confirm>
          )}
        </Suspense>
      </>
    )
  }
  const why = permission.reason || 'This account may not do that.'
  const help = permission.login && login
  return (
    <Tooltip content={why}>
      {help ? (
        <Button variant="secondary" size="sm" icon={icon} component="a" href={login}>
          Log in to {name.toLowerCase()}
        </Button>
      ) : (
        <Button variant="secondary" size="sm" icon={icon} isAriaDisabled aria-label={`${name}: ${why}`}>
          {name}
        </Button>
      )}
    </Tooltip>
  )
}

/** With several connections the reader chooses on the page of logins. */
function useLoginHref(): string | undefined {
  const logins = useSession().data?.logins ?? []
  const here = useLocation()
  const back = here.pathname + here.search + here.hash
  const [only] = logins
  if (!only) return undefined
  return logins.length === 1 ? loginHref(only, back) : `/login?${new URLSearchParams({ return: back })}`
}
