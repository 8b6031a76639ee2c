import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: DataverseClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
});
afterAll(() => sandbox.close());

const words = (text: string) => text.trim().split(/\s+/);
const numbered = (prefixes: string[], names: string) =>
  prefixes.flatMap((prefix) => words(names).map((name) => `${prefix}_${name}`));
/** Columns of a row that have a value, and those that are null. */
function split(row: Record<string, unknown>): { filled: string[]; empty: string[] } {
  const names = Object.keys(row).filter((name) => !name.startsWith("@"));
  return {
    filled: names.filter((name) => row[name] !== null).sort(),
    empty: names.filter((name) => row[name] === null).sort(),
  };
}

const addresses = ["address1", "address2"];
const emptyAddress =
  "city country county fax latitude line1 line2 line3 longitude name postalcode postofficebox stateorprovince " +
  "telephone1 telephone2 telephone3 upszone utcoffset";
const setAddress = "addressid addresstypecode shippingmethodcode";

/** The columns of captured rows: those that had a value, and those that were null. */
describe("A row without $select has the columns of a real one, with nulls", () => {
  test("D6: systemuser, as an application user", async () => {
    const { userId } = await client.user("All columns", {});
    expect(split(await client.get(`systemusers(${userId})`))).toEqual({
      filled: words(`
        _businessunitid_value _createdby_value _modifiedby_value accessmode applicationid applicationiduri
        azureactivedirectoryobjectid azurestate caltype createdon defaultfilterspopulated defaultodbfoldername deletedstate
        displayinserviceviews domainname emailrouteraccessapproval firstname fullname identityid incomingemaildeliverymethod
        internalemailaddress invitestatuscode isdisabled isemailaddressapprovedbyo365admin isintegrationuser islicensed
        issyncwithdirectory lastname modifiedon organizationid outgoingemaildeliverymethod ownerid preferredaddresscode
        preferredemailcode preferredphonecode setupuser systemuserid userlicensetype versionnumber yomifullname`)
        .concat(numbered(addresses, setAddress))
        .sort(),
      empty: words(`
        _calendarid_value _createdonbehalfby_value _defaultmailbox_value _mobileofflineprofileid_value
        _modifiedonbehalfby_value _parentsystemuserid_value _positionid_value _queueid_value _territoryid_value
        _transactioncurrencyid_value azuredeletedon disabledreason employeeid entityimage entityimage_timestamp
        entityimage_url entityimageid exchangerate governmentid homephone importsequencenumber jobtitle middlename
        mobilealertemail mobilephone nickname overriddencreatedon passporthi passportlo personalemailaddress photourl
        processid salutation sharepointemailaddress skills stageid timezoneruleversionnumber title traversedpath userpuid
        utcconversiontimezonecode windowsliveid yammeremailaddress yammeruserid yomifirstname yomilastname yomimiddlename`)
        .concat(numbered(addresses, `${emptyAddress} composite`))
        .sort(),
    });
  });

  test("D6: a user's ownerid is its own id, and each row's addresses have ids of their own", async () => {
    const { value } = await client.get("systemusers?$select=ownerid,address1_addressid,address2_addressid");
    for (const row of value) expect(row.ownerid).toBe(row.systemuserid);
    const ids = value.flatMap((row: Record<string, string>) => [row.address1_addressid, row.address2_addressid]);
    expect(new Set(ids).size).toBe(2 * value.length);
    expect(ids).not.toContain(null);
  });

  test("D7: role, of which the root copy has no parent", async () => {
    const roleid = await client.create("roles", {
      name: "All columns",
      "businessunitid@odata.bind": `/businessunits(${await client.rootBusinessUnit()})`,
    });
    expect(split(await client.get(`roles(${roleid})`))).toEqual({
      filled: words(`
        _businessunitid_value _createdby_value _modifiedby_value _parentrootroleid_value canbedeleted componentstate
        createdon isautoassigned iscustomizable isinherited ismanaged issytemgenerated modifiedon name organizationid
        overwritetime roleid roleidunique solutionid versionnumber`),
      empty: words(`
        _createdonbehalfby_value _modifiedonbehalfby_value _parentroleid_value _roletemplateid_value applicationid
        appliesto description importsequencenumber overriddencreatedon summaryofcoretablepermissions`),
    });
  });

  test("D6: businessunit, of which the root has no parent", async () => {
    expect(split(await client.get(`businessunits(${await client.rootBusinessUnit()})`))).toEqual({
      filled: words(`
        _createdby_value _modifiedby_value _organizationid_value businessunitid createdon inheritancemask isdisabled
        modifiedon name versionnumber workflowsuspended`)
        .concat(numbered(addresses, setAddress))
        .sort(),
      empty: words(`
        _calendarid_value _createdonbehalfby_value _modifiedonbehalfby_value _parentbusinessunitid_value
        _transactioncurrencyid_value costcenter creditlimit description disabledreason divisionname emailaddress
        exchangerate fileasname ftpsiteurl importsequencenumber overriddencreatedon picture stockexchange tickersymbol
        utcoffset websiteurl`)
        .concat(numbered(addresses, emptyAddress))
        .sort(),
    });
  });

  test("D11: solution with its publisher", async () => {
    const { value } = await client.get("solutions?$filter=uniquename eq 'Default'&$expand=publisherid");
    const { publisherid, ...solution } = value[0];
    expect(split(solution)).toEqual({
      filled: words(`
        _createdby_value _modifiedby_value _organizationid_value _publisherid_value createdon friendlyname installedon
        isapimanaged ismanaged isvisible modifiedon solutionid uniquename version versionnumber`),
      empty: words(`
        _configurationpageid_value _createdonbehalfby_value _modifiedonbehalfby_value _parentsolutionid_value description
        pinpointassetid pinpointpublisherid pinpointsolutiondefaultlocale pinpointsolutionid solutionpackageversion
        solutiontype templatesuffix thumbprint updatedon upgradeinfo`),
    });
    expect(split(publisherid)).toEqual({
      filled: words(`
        _createdby_value _modifiedby_value _organizationid_value createdon customizationoptionvalueprefix
        customizationprefix friendlyname isreadonly modifiedon publisherid uniquename versionnumber`),
      empty: words(`
        _createdonbehalfby_value _modifiedonbehalfby_value description emailaddress entityimage entityimage_timestamp
        entityimage_url entityimageid pinpointpublisherdefaultlocale pinpointpublisherid supportingwebsiteurl`)
        .concat(numbered(addresses, `${emptyAddress} ${setAddress}`))
        .sort(),
    });
  });
});
