import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.MemoryBinaryStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.searchparam.submit.config.SearchParamSubmitterConfig;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.narrative2.NullNarrativeGenerator;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManagerFactory;
import java.util.Map;
import javax.sql.DataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/** HAPI's JPA server for FHIR R4 over H2 in memory, on loopback: java HapiServer PORT, base URL /fhir. */
public class HapiServer {
    private static final int DEFAULT_PAGE = 20; // as HAPI's own starter project has them
    private static final int LONGEST_PAGE = 200;

    public static void main(String[] arguments) throws Exception {
        try {
            serve(Integer.parseInt(arguments[0]));
        } catch (Exception error) { // without this, HAPI's own threads would keep a server alive that serves nothing
            error.printStackTrace();
            System.exit(1);
        }
    }

    private static void serve(int port) throws Exception {
        var context = new AnnotationConfigApplicationContext(Beans.class);
        var http = new HttpConfiguration();
        http.setRequestHeaderSize(32_768);
        var server = new Server();
        var connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        server.addConnector(connector);
        var servlets = new ServletContextHandler();
        servlets.addServlet(new ServletHolder(context.getBean(RestfulServer.class)), "/fhir/*");
        server.setHandler(servlets);
        server.start();
        System.out.println("HAPI FHIR listens on port " + connector.getLocalPort());
        server.join();
    }

    @Configuration
    @Import({
        JpaR4Config.class,
        HapiJpaConfig.class,
        JpaBatch2Config.class,
        Batch2JobsConfig.class,
        SubscriptionSubmitterConfig.class,
        SubscriptionChannelConfig.class,
        SearchParamSubmitterConfig.class,
        ThreadPoolFactoryConfig.class,
    })
    public static class Beans {
        /**
         * HAPI's defaults for reading and writing: references must lead somewhere, searches are reused for a minute.
         * But for two: some cases hold what hospitals send although R4 has no such reference (an AdverseEvent that
         * names the order of a drug as suspect), or with the EHR's own address before a reference, and have to be read
         * like all others.
         */
        @Bean
        JpaStorageSettings storageSettings() {
            var settings = new JpaStorageSettings();
            settings.setAllowExternalReferences(true);
            settings.setEnforceReferenceTargetTypes(false);
            settings.setSchedulingDisabled(true);
            settings.setHibernateSearchIndexSearchParams(false);
            settings.setHibernateSearchIndexFullText(false);
            return settings;
        }

        @Bean
        PartitionSettings partitionSettings() {
            return new PartitionSettings();
        }

        @Bean
        SubscriptionSettings subscriptionSettings() {
            return new SubscriptionSettings();
        }

        @Bean
        IBinaryStorageSvc binaryStorage() {
            return new MemoryBinaryStorageSvcImpl();
        }

        @Bean
        DataSource dataSource() {
            var source = new HikariDataSource();
            source.setJdbcUrl("jdbc:h2:mem:hapi;DB_CLOSE_DELAY=-1");
            source.setMaximumPoolSize(16);
            return source;
        }

        @Bean
        @Primary
        LocalContainerEntityManagerFactoryBean entityManagerFactory(
                ConfigurableListableBeanFactory beans,
                FhirContext fhir,
                JpaStorageSettings settings,
                DataSource source) {
            var factory = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
            factory.setPersistenceUnitName("HAPI_PU");
            factory.setDataSource(source);
            factory.setJpaPropertyMap(Map.of(
                    "hibernate.dialect", HapiFhirH2Dialect.class.getName(),
                    "hibernate.hbm2ddl.auto", "create",
                    "hibernate.jdbc.batch_size", "50",
                    "hibernate.search.enabled", "false"));
            return factory;
        }

        @Bean
        @Primary
        JpaTransactionManager transactionManager(EntityManagerFactory factory) {
            return new JpaTransactionManager(factory);
        }

        @Bean
        RestfulServer restfulServer(
                IFhirSystemDao<?, ?> system,
                ResourceProviderFactory resourceProviders,
                IJpaSystemProvider systemProvider,
                JpaStorageSettings settings,
                ISearchParamRegistry searchParameters,
                IValidationSupport validation,
                DatabaseBackedPagingProvider paging) {
            var fhir = system.getContext();
            fhir.setNarrativeGenerator(new NullNarrativeGenerator());
            paging.setDefaultPageSize(DEFAULT_PAGE);
            paging.setMaximumPageSize(LONGEST_PAGE);
            var server = new RestfulServer(fhir);
            server.registerProviders(resourceProviders.createProviders());
            server.registerProvider(systemProvider);
            server.setServerConformanceProvider(
                    new JpaCapabilityStatementProvider(server, system, settings, searchParameters, validation));
            server.setPagingProvider(paging);
            server.setDefaultResponseEncoding(EncodingEnum.JSON);
            return server;
        }
    }
}
