@description('Object id of the identity that the app runs as.')
param identityPrincipalId string

@description('Object id of the identity that the platform stores and fetches the deployed package as.')
param deploymentIdentityPrincipalId string

@description('Object id of the one that deploys; empty if it gets no role.')
param deployerPrincipalId string

@description('What the one that deploys is.')
param deployerPrincipalType 'User' | 'Group' | 'ServicePrincipal'

@description('Whether the one that deploys may also read all that the account holds.')
param deployerDataAccess bool

@description('Name of the storage account.')
param storageName string

var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  storageTableDataReader: '76199698-9eea-4c19-bc75-cec21354c6b6'
  storageQueueDataReader: '19e7f393-937e-4f77-808e-94535e297925'
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: storage
  name: 'default'
}

resource deploymentContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: blobService
  name: 'deployments'
}

// All blobs but those of the deployed code: what got into the app could change it there and stay for good.
var ofBlobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'
var isOfNoBlob = '!(ActionMatches{\'${ofBlobs}/read\'}) AND !(ActionMatches{\'${ofBlobs}/write\'}) AND !(ActionMatches{\'${ofBlobs}/add/action\'}) AND !(ActionMatches{\'${ofBlobs}/delete\'}) AND !(ActionMatches{\'${ofBlobs}/runAsSuperUser/action\'})'
var isNotOfCode = '@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringNotEquals \'${deploymentContainer.name}\''

// Owner and not Contributor: the Functions host asks for it, for the lock that keeps one timer running once. On the account
// and not on containers: the host lists them, to see that it reaches storage.
resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, identityPrincipalId, roles.storageBlobDataOwner)
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
    condition: '((${isOfNoBlob}) OR (${isNotOfCode}))'
    conditionVersion: '2.0'
  }
}

resource code 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: deploymentContainer
  name: guid(deploymentContainer.id, deploymentIdentityPrincipalId, roles.storageBlobDataContributor)
  properties: {
    principalId: deploymentIdentityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

resource tables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, identityPrincipalId, roles.storageTableDataContributor)
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageTableDataContributor
    )
  }
}

// Contributor, for the app makes the queues of evaluations and joins, and the host the one for messages that failed too often.
resource queues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, identityPrincipalId, roles.storageQueueDataContributor)
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageQueueDataContributor
    )
  }
}

// Who deploys writes there before the package comes, to see that new roles have taken effect. It is no power that a
// deployment does not have anyway: it brings the code that is in there.
resource deployerCode 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId)) {
  scope: deploymentContainer
  name: guid(deploymentContainer.id, deployerPrincipalId, roles.storageBlobDataContributor)
  properties: {
    principalId: deployerPrincipalId
    principalType: deployerPrincipalType
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

// Contexts and actions of all events are in there, so nobody gets this unasked.
resource deployerData 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [roles.storageBlobDataReader, roles.storageTableDataReader, roles.storageQueueDataReader]: if (deployerDataAccess && !empty(deployerPrincipalId)) {
    scope: storage
    name: guid(storage.id, deployerPrincipalId, role)
    properties: {
      principalId: deployerPrincipalId
      principalType: deployerPrincipalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]
