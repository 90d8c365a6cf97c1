import UserIcon from '@patternfly/react-icons/dist/esm/icons/user-icon'
import { useState } from 'react'
import { safeHref } from '../ui/Outside'

/** Avatar is a reader's picture, or a sign where there is none or the forge does not give it. */
export function Avatar({ src }: { src: string | undefined }) {
  const [broken, setBroken] = useState(false)
  const safe = safeHref(src)
  if (!safe || broken) return <UserIcon />
  return <img className="avatar" src={safe} alt="" width="20" height="20" referrerPolicy="no-referrer" onError={() => setBroken(true)} />
}
