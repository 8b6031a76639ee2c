/**
 * Names of the one-to-many relationships between tables of the model, as the table reference has them: of each lookup column,
 * or of each table that it leads to. At the other table it is the name of the collection.
 */
export const relationshipNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  systemuser: {
    businessunitid: "business_unit_system_users",
    parentsystemuserid: "user_parent_user",
    ...by("lk_systemuserbase", "lk_systemuser"),
  },
  role: {
    businessunitid: "business_unit_roles",
    parentroleid: "role_parent_role",
    parentrootroleid: "role_parent_root_role",
    roletemplateid: "role_template_roles",
    ...by("lk_rolebase", "lk_role"),
  },
  businessunit: {
    parentbusinessunitid: "business_unit_parent_business_unit",
    organizationid: "organization_business_units",
    ...by("lk_businessunitbase", "lk_businessunit"),
  },
  team: {
    businessunitid: "business_unit_teams",
    administratorid: "lk_teambase_administratorid",
    ...by("lk_teambase", "lk_team"),
  },
  organization: by("lk_organizationbase", "lk_organization"),
  account: {
    primarycontactid: "account_primary_contact",
    parentaccountid: "account_parent_account",
    owninguser: "user_accounts",
    owningteam: "team_accounts",
    owningbusinessunit: "business_unit_accounts",
    ...by("lk_accountbase", "lk_accountbase"),
  },
  contact: {
    "parentcustomerid account": "contact_customer_accounts",
    "parentcustomerid contact": "contact_customer_contacts",
    owninguser: "contact_owning_user",
    owningteam: "team_contacts",
    owningbusinessunit: "business_unit_contacts",
    ...by("lk_contactbase", "lk_contact"),
  },
  task: {
    "regardingobjectid account": "Account_Tasks",
    "regardingobjectid contact": "Contact_Tasks",
    owninguser: "user_task",
    owningteam: "team_task",
    owningbusinessunit: "business_unit_task_activities",
    ...by("lk_task", "lk_task"),
  },
  solution: {
    publisherid: "publisher_solution",
    parentsolutionid: "solution_parent_solution",
    organizationid: "organization_solution",
    ...by("lk_solution", "lk_solutionbase"),
  },
  publisher: {
    organizationid: "organization_publisher",
    ...by("lk_publisher", "lk_publisherbase"),
  },
};

/** Those of who made and changed a row, and on whose behalf. */
function by(user: string, delegate: string): Record<string, string> {
  return {
    createdby: `${user}_createdby`,
    modifiedby: `${user}_modifiedby`,
    createdonbehalfby: `${delegate}_createdonbehalfby`,
    modifiedonbehalfby: `${delegate}_modifiedonbehalfby`,
  };
}
