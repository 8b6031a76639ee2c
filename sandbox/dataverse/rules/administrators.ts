import { type OrganizationData, type Row, systemAdministratorTemplate } from "../organization-data.ts";
import { refuse } from "../refusal.ts";

/** Refuses to take System Administrator from the only enabled user that has it (0x80041D30). */
export function checkAdministratorRemains(data: OrganizationData, user: Row, role: Row): void {
  if (role.roletemplateid !== systemAdministratorTemplate) return;
  const others = [...data.rows("systemuserroles").values()].some((link) => {
    const holder = data.get("systemuser", link.systemuserid as string);
    const held = data.get("role", link.roleid as string);
    return holder !== user && !holder.isdisabled && held.roletemplateid === systemAdministratorTemplate;
  });
  if (!others) refuse("LastSystemAdministrator");
}
