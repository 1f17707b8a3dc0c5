@description('Region of the identity.')
param location string

@description('Tags of the identity.')
param tags { *: string }

@description('End of the names.')
param nameSuffix string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-rankloop-${nameSuffix}'
  location: location
  tags: tags
}

// The platform stores and fetches the code as this one. Code that runs signs in as the other, which may not touch the code.
resource deployment 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-rankloop-code-${nameSuffix}'
  location: location
  tags: tags
}

@description('Resource id, by which the app names its identity.')
output id string = identity.id

@description('Client id, by which the app signs in.')
output clientId string = identity.properties.clientId

@description('Object id, which roles are given to.')
output principalId string = identity.properties.principalId

@description('Resource id, by which the app names the identity of its deployed code.')
output deploymentId string = deployment.id

@description('Object id of that one.')
output deploymentPrincipalId string = deployment.properties.principalId
