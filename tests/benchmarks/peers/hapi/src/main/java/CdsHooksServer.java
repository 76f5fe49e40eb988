import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.dao.DaoRegistry;
import ca.uhn.fhir.jpa.cache.IResourceChangeListenerCacheRefresher;
import ca.uhn.fhir.rest.api.server.SystemRequestDetails;
import ca.uhn.fhir.rest.api.server.cdshooks.CdsServiceRequestJson;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsHooksDaoAuthorizationSvc;
import ca.uhn.hapi.fhir.cdshooks.api.ICdsServiceRegistry;
import ca.uhn.hapi.fhir.cdshooks.config.CdsHooksConfig;
import ca.uhn.hapi.fhir.cdshooks.svc.CdsHooksContextBooter;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.hl7.fhir.r4.model.Bundle;
import org.opencds.cqf.fhir.cql.EvaluationSettings;
import org.opencds.cqf.fhir.cr.hapi.config.CrCdsHooksConfig;
import org.opencds.cqf.fhir.cr.hapi.config.RepositoryConfig;
import org.opencds.cqf.fhir.cr.hapi.config.r4.ApplyOperationConfig;
import org.opencds.cqf.fhir.utility.client.TerminologyServerClientSettings;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/**
 * HAPI's CDS Hooks services over its JPA server, on loopback: java CdsHooksServer PORT CONTENT.
 *
 * CONTENT is a transaction Bundle of PlanDefinitions and Libraries; HAPI makes a service of each PlanDefinition, as it
 * does in its starter project. Requests are neither logged nor is the answer written for readers, which both cost time.
 */
public class CdsHooksServer {
    public static void main(String[] arguments) throws Exception {
        try {
            serve(Integer.parseInt(arguments[0]), Path.of(arguments[1]));
        } catch (Exception error) {
            error.printStackTrace();
            System.exit(1);
        }
    }

    private static void serve(int port, Path content) throws Exception {
        var context = new AnnotationConfigApplicationContext(Beans.class);
        var server = new Server();
        var servlets = new ServletContextHandler();
        var fhirServer = new ServletHolder(context.getBean(RestfulServer.class));
        fhirServer.setInitOrder(1); // $apply is looked up among its operations
        servlets.addServlet(fhirServer, "/fhir/*");
        servlets.addServlet(new ServletHolder(new Calls(context)), "/cds-services/*");
        server.setHandler(servlets);
        server.start();
        var bundle = FhirContext.forR4Cached().newJsonParser().parseResource(Bundle.class, Files.readString(content));
        context.getBean(DaoRegistry.class).getSystemDao().transaction(new SystemRequestDetails(), bundle);
        context.getBean(IResourceChangeListenerCacheRefresher.class).refreshExpiredCachesAndNotifyListeners();
        var connector = new ServerConnector(server); // only now, so that who is answered finds the services
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        server.addConnector(connector);
        connector.start();
        System.out.println("HAPI CDS Hooks listens on port " + connector.getLocalPort());
        server.join();
    }

    /** POST /cds-services/{id}, GET /cds-services. */
    static class Calls extends HttpServlet {
        private final ICdsServiceRegistry services;
        private final ObjectMapper json;

        Calls(AnnotationConfigApplicationContext context) {
            services = context.getBean(ICdsServiceRegistry.class);
            json = (ObjectMapper) context.getBean(CdsHooksConfig.CDS_HOOKS_OBJECT_MAPPER_FACTORY);
        }

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            answer(response, services.getCdsServicesJson());
        }

        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
            var call = json.readValue(request.getInputStream(), CdsServiceRequestJson.class);
            answer(response, services.callService(request.getPathInfo().substring(1), call));
        }

        private void answer(HttpServletResponse response, Object body) throws IOException {
            var bytes = json.writeValueAsBytes(body);
            response.setContentType("application/json");
            response.setContentLength(bytes.length);
            response.getOutputStream().write(bytes);
        }
    }

    @Configuration
    @Import({
        HapiServer.Beans.class,
        RepositoryConfig.class,
        ApplyOperationConfig.class,
        CdsHooksConfig.class,
        CrCdsHooksConfig.class,
    })
    public static class Beans {
        /** What was compiled once is kept, as the starter project keeps it. */
        @Bean
        EvaluationSettings evaluationSettings() {
            return EvaluationSettings.getDefault()
                    .withModelCache(new ConcurrentHashMap<>())
                    .withLibraryCache(new ConcurrentHashMap<>())
                    .withValueSetCache(new ConcurrentHashMap<>());
        }

        @Bean
        TerminologyServerClientSettings terminologyServerClientSettings() {
            return TerminologyServerClientSettings.getDefault();
        }

        @Bean
        CdsHooksContextBooter cdsHooksContextBooter() {
            return new CdsHooksContextBooter();
        }

        @Bean
        ICdsHooksDaoAuthorizationSvc cdsHooksDaoAuthorization() {
            return resource -> {};
        }
    }
}
